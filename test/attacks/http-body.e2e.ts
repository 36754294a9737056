import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { expectNoInsides, expectProblem, expectRpcRefusal } from '../support/envelopes.js';
import { ERAS } from '../support/eras/index.js';
import { tokenOf } from '../support/forge.js';
import { startApp, type TestApp } from '../support/test-app.js';
import { send, sendBytes } from '../support/wire.js';
import { Owner } from '../fixtures/owner.js';

const INVALID_REQUEST = -32600;
const PARSE_ERROR = -32700;
const SECRET_WORD = 'hunter2-in-the-body';
const MAX_BODY = 1024;

// Between the quotes of a method's name.
const inQuotes = (...bytes: number[]): Buffer =>
  Buffer.concat([Buffer.from('{"jsonrpc":"2.0","method":"'), Buffer.from(bytes), Buffer.from('"}')]);

describe.each(ERAS)('$name', (era) => {
  const MESSAGE = era.request('body', 'tools/list');
  let app: TestApp;
  let owner: Owner;
  beforeAll(async () => {
    app = await startApp();
    owner = await Owner.on(app, era);
  });
  afterAll(async () => {
    owner.close();
    await app.close();
  });

  describe('the media type', () => {
    it.each([
      ['text/plain'],
      ['application/x-www-form-urlencoded'],
      ['multipart/form-data; boundary=x'],
      ['text/json'],
      ['application/jsonp'],
      ['application/json-rpc'],
      ['application/vnd.api+json'],
      ['application/json, text/plain'],
      ['text/plain; a=application/json'],
      ['application/json; charset=utf-16'],
      ['application/json; charset=iso-8859-1'],
      ['application/json; charset=utf-7'],
      ['application/json; charset='],
      [''],
      [undefined],
    ])('%j is refused', async (type) => {
      const posting =
        type === undefined ? { without: ['Content-Type'] } : { headers: ['Content-Type', type] };
      expectRpcRefusal(await owner.post(MESSAGE, posting), 415, INVALID_REQUEST);
      await owner.expectUntouched();
    });

    it.each([
      'APPLICATION/JSON',
      'application/json;charset=UTF-8',
      'application/json ; charset="utf-8"',
      'application/json; charset=utf8',
      'application/json;CHARSET="UTF8"',
    ])('%s is accepted', async (type) =>
      owner.expectTaken(await owner.post(MESSAGE, { headers: ['Content-Type', type] })),
    );

    it('may be given once', async () => {
      for (const second of ['application/json', 'text/plain']) {
        const headers = ['Content-Type', 'application/json', 'content-type', second];
        expectRpcRefusal(await owner.post(MESSAGE, { headers }), 400, INVALID_REQUEST);
      }
      await owner.expectUntouched();
    });

    it.each(['', 'identity', 'Identity', 'identity, IDENTITY'])('the encoding %j is none', async (encoding) =>
      owner.expectTaken(
        await owner.post(MESSAGE, {
          headers: ['Content-Type', 'application/json', 'Content-Encoding', encoding],
        }),
      ),
    );
  });

  describe('a compressed body', () => {
    const zeros = Buffer.alloc(10 * 2 ** 20);
    it.each([
      ['gzip', gzipSync(MESSAGE)],
      ['GZIP', gzipSync(MESSAGE)],
      ['x-gzip', gzipSync(MESSAGE)],
      ['deflate', deflateSync(MESSAGE)],
      ['br', brotliCompressSync(MESSAGE)],
      ['zstd', Buffer.from(MESSAGE)],
      ['identity, gzip', gzipSync(MESSAGE)],
      ['gzip, gzip', gzipSync(gzipSync(MESSAGE))],
    ])('(%j) is refused', async (encoding, body) => {
      const headers = ['Content-Type', 'application/json', 'Content-Encoding', encoding];
      expectRpcRefusal(await owner.post(body, { headers }), 415, INVALID_REQUEST);
      await owner.expectUntouched();
    });

    it('that would be a thousand times as large is refused on both routes, unread', async () => {
      const bomb = gzipSync(zeros);
      expect(zeros.length / bomb.length).toBeGreaterThan(500);
      const headers = ['Content-Type', 'application/json', 'Content-Encoding', 'gzip'];
      const length = ['Content-Length', String(bomb.length)];
      const sending = { headers: [...headers, ...length], withholdBody: true };
      expectRpcRefusal(await owner.post(undefined, sending), 415, INVALID_REQUEST);
      const token = tokenOf('alice');
      const revoke = await send(`${app.url}/auth/revoke`, { method: 'POST', token, headers, body: bomb });
      expectProblem(revoke, 415, 'invalid_request');
      await owner.expectUntouched();
    });
  });

  const padded = (bytes: number): string => MESSAGE.padEnd(bytes);

  describe('the size', () => {
    let small: TestApp;
    let tenant: Owner;
    beforeAll(async () => {
      small = await startApp({ MAX_BODY: '1kb' });
      tenant = await Owner.on(small, era);
    });
    afterAll(async () => {
      tenant.close();
      await small.close();
    });

    it('may be the limit to the byte, and not one more', async () => {
      tenant.expectTaken(await tenant.post(padded(MAX_BODY)));
      expectRpcRefusal(await tenant.post(padded(MAX_BODY + 1)), 413, INVALID_REQUEST);
    });

    it('counts in bytes, not letters', async () => {
      const letters = JSON.stringify({ jsonrpc: '2.0', method: 'é'.repeat(600) });
      expect(letters.length).toBeLessThan(MAX_BODY);
      expectRpcRefusal(await tenant.post(letters), 413, INVALID_REQUEST);
    });

    it.each(['1025', '5000000', '99999999999999'])(
      'is refused where %s are announced, unread',
      async (length) => {
        const headers = ['Content-Type', 'application/json', 'Content-Length', length];
        expectRpcRefusal(await tenant.post(undefined, { headers, withholdBody: true }), 413, INVALID_REQUEST);
        await tenant.expectUntouched();
      },
    );

    it('is refused where nothing is announced, before the end has come', async () => {
      const chunk = `${(100).toString(16)}\r\n${'x'.repeat(100)}\r\n`;
      const head = `${tenant.client.headOf(MESSAGE)}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n`;
      const { statuses, text } = await sendBytes(small.url, `${head}${chunk.repeat(11)}0\r\n\r\n`);
      expect(statuses).toEqual([413]);
      expect(text).toMatch(/"id":null,"error":\{"code":-32600,/);
      await tenant.expectUntouched();
    });

    it('that is too large does not become the next request', async () => {
      const hidden = `GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n`.padEnd(2_000, '\r\n');
      const next = `GET /health/ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`;
      const announced = `${tenant.client.headOf(MESSAGE)}Content-Length: ${hidden.length}\r\n\r\n${hidden}${next}`;
      const chunked = `${tenant.client.headOf(MESSAGE)}Transfer-Encoding: chunked\r\n\r\n7d0\r\n${hidden}\r\n0\r\n\r\n${next}`;
      for (const bytes of [announced, chunked]) {
        const { statuses } = await sendBytes(small.url, bytes);
        expect([[413], [413, 200]]).toContainEqual(statuses);
      }
    });

    it('of 5 MB is refused with an answer, and others are served meanwhile', async () => {
      const body = MESSAGE.padEnd(5 * 2 ** 20);
      const posted = Promise.all([owner.post(body), owner.post(body)]);
      await tenant.expectUntouched();
      for (const answer of await posted) expectRpcRefusal(answer, 413, INVALID_REQUEST);
      await owner.expectUntouched();
    });

    it('of a revocation is limited too', async () => {
      const token = tokenOf('alice');
      const headers = ['Content-Type', 'application/x-www-form-urlencoded'];
      const body = `jti=${'x'.repeat(20_000)}`;
      expectProblem(
        await send(`${app.url}/auth/revoke`, { method: 'POST', token, headers, body }),
        413,
        'invalid_request',
      );
      await owner.expectUntouched();
    });
  });

  describe('text that is not JSON in UTF-8', () => {
    it.each([
      ['a byte that UTF-8 has not', inQuotes(0xff)],
      ['a continuation alone', inQuotes(0x80)],
      ['an overlong slash', inQuotes(0xc0, 0xaf)],
      ['a longer overlong slash', inQuotes(0xe0, 0x80, 0xaf)],
      ['an overlong NUL', inQuotes(0xc0, 0x80)],
      ['a surrogate', inQuotes(0xed, 0xa0, 0x80)],
      ['beyond U+10FFFF', inQuotes(0xf4, 0x90, 0x80, 0x80)],
      ['a character cut off', inQuotes(0xe2, 0x82)],
      ['UTF-8 with a byte order mark (RFC 8259 §8.1)', Buffer.from(`\ufeff${MESSAGE}`)],
      ['UTF-16', Buffer.from(`\ufeff${MESSAGE}`, 'utf16le')],
      ['UTF-16, the other end first', Buffer.from(`\ufeff${MESSAGE}`, 'utf16le').swap16()],
    ])('is refused: %s', async (_what, body) => {
      expectRpcRefusal(await owner.post(body), 400, PARSE_ERROR);
      await owner.expectUntouched();
    });

    it.each([
      '',
      ' ',
      '{',
      '}',
      '[',
      '"',
      `{"password":"${SECRET_WORD}"`,
      `${MESSAGE}${MESSAGE}`,
      `${MESSAGE}\n${MESSAGE}`,
      `${MESSAGE};${SECRET_WORD}`,
      MESSAGE.replace('}', ',}'),
      MESSAGE.replaceAll('"', "'"),
      MESSAGE.replace('"body"', '01'),
      MESSAGE.replace('"body"', '0x1'),
      MESSAGE.replace('"body"', 'NaN'),
      MESSAGE.replace('body', 'bo\ndy'),
      MESSAGE.replace('body', '\\x'),
      `// ${SECRET_WORD}\n${MESSAGE}`,
      `\0${MESSAGE}`,
      `${MESSAGE}\0`,
      `)]}'\n${MESSAGE}`,
      'undefined',
      SECRET_WORD,
    ])('is refused, and not repeated: %j', async (body) => {
      const answer = await owner.post(body);
      expectRpcRefusal(answer, 400, PARSE_ERROR);
      expect(answer.text).not.toContain(SECRET_WORD);
      expectNoInsides(answer);
      await owner.expectUntouched();
    });

    it('or ends early leaves nothing behind', async () => {
      const bytes = `${owner.client.headOf(MESSAGE)}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n${MESSAGE}`;
      expect((await sendBytes(app.url, bytes)).statuses).toEqual([400]);
      await owner.expectUntouched();
    });
  });
});
