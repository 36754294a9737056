import { connect } from 'node:net';
import type { Server } from 'node:http';
import { expectNoInsides, expectProblem, expectRpcRefusal } from '../support/envelopes.js';
import { RawSession } from '../support/raw-session.js';
import { tokenOf } from '../support/forge.js';
import { startApp, type TestApp } from '../support/test-app.js';
import { readRaw, send, sendBytes } from '../support/wire.js';
import { Owner } from '../fixtures/owner.js';

const CANARY = 'canary-path';

let app: TestApp;
let owner: Owner;
let slow: Promise<string>[];
let limits: Pick<Server, 'headersTimeout' | 'requestTimeout'>;
beforeAll(async () => {
  app = await startApp();
  owner = await Owner.on(app);
  const server: Server = app.app.getHttpServer();
  limits = { headersTimeout: server.headersTimeout, requestTimeout: server.requestTimeout };
  // Begun first and awaited last: the other tests run while these wait.
  server.headersTimeout = 1_000;
  slow = ['GET /sse HTTP/1.1\r\nHost: localhost\r\nX-Slow: ', ''].map(dribble);
});
afterAll(async () => {
  owner.close();
  await app.close();
});

/** Sends a head without an end, a byte after a byte, until the server has had enough. */
function dribble(head: string): Promise<string> {
  const { hostname, port } = new URL(app.url);
  const { promise, resolve } = Promise.withResolvers<string>();
  let text = '';
  const socket = connect(Number(port), hostname, () => socket.write(head));
  const drip = setInterval(() => head !== '' && socket.write('x'), 100);
  socket.on('error', () => undefined).on('data', (bytes) => (text += String(bytes)));
  socket.once('close', () => {
    clearInterval(drip);
    resolve(text);
  });
  return promise;
}

describe('an address that is none', () => {
  const PATHS = [
    `/${CANARY}`,
    `/sse/${CANARY}`,
    `/message/${CANARY}`,
    `/auth/${CANARY}`,
    `/auth/token/${CANARY}`,
    `/.env?${CANARY}`,
    `/${CANARY}%0d%0aX-Injected:%201`,
    `/${CANARY}%00`,
    `/%ff${CANARY}`,
    `/%zz${CANARY}`,
    `/..%2f..%2f${CANARY}`,
    `//${CANARY}`,
    `/<script>${CANARY}</script>`,
    `/sse;${CANARY}`,
    `/${'x'.repeat(8_000)}${CANARY}`,
  ];
  it.each(PATHS)('%.40s', async (path) => {
    for (const token of [undefined, tokenOf('alice')]) {
      const answer = await send(app.url + path, { token });
      expectProblem(answer, 404, 'not_found');
      expect(JSON.stringify(answer.headers) + answer.text).not.toContain(CANARY);
    }
  });

  it.each([`http://[::1/${CANARY}`, `http://a:b/${CANARY}`, `http://%00/${CANARY}`, CANARY, '*'])(
    'also where it cannot be read: %s',
    async (target) => {
      const bytes = `GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;
      const { statuses, json, text } = await sendBytes(app.url, bytes);
      expect([[400], [403], [404]]).toContainEqual(statuses);
      expect(text).not.toContain(CANARY);
      expect(text).not.toContain('<html');
      // What Node's parser refuses itself has no body.
      if (json !== undefined || !text.endsWith('\r\n\r\n')) {
        expect(json).toEqual({ error: expect.any(String), error_description: expect.any(String) });
      }
    },
  );
});

const sessionId = (): string => (owner.client as RawSession).id;

describe('a method that an address does not take', () => {
  it.each([
    ['POST', '/sse', 'GET'],
    ['PUT', '/sse', 'GET'],
    ['DELETE', '/sse', 'GET'],
    ['HEAD', '/sse', 'GET'],
    ['OPTIONS', '/sse', 'GET'],
    ['GET', '/message', 'POST'],
    ['PUT', '/message', 'POST'],
    ['PATCH', '/message', 'POST'],
    ['DELETE', '/message', 'POST'],
    ['PUT', '/mcp', 'POST, GET, DELETE'],
    ['PATCH', '/mcp', 'POST, GET, DELETE'],
    ['HEAD', '/mcp', 'POST, GET, DELETE'],
    ['GET', '/auth/revoke', 'POST'],
    ['DELETE', '/auth/revoke', 'POST'],
    ['TRACE', '/sse', 'GET'],
  ])('%s %s: 405', async (method, path, allowed) => {
    const url = `${app.url}${path}?sessionId=${sessionId()}`;
    const answer = await send(url, { method, token: tokenOf('alice'), headers: ['X-Canary', CANARY] });
    expect(answer.status).toBe(405);
    expect(answer.headers['allow']).toBe(allowed);
    expect(answer.text).not.toContain(CANARY);
    expectNoInsides(answer);
    if (path === '/auth/revoke') expectProblem(answer, 405, 'method_not_allowed');
    else if (method !== 'HEAD') expectRpcRefusal(answer, 405, -32600);
    await owner.expectUntouched();
  });

  // That there are development tokens is not told, and the front page has no need of it.
  it.each([
    ['POST', '/auth/token'],
    ['PUT', '/'],
    ['PROPFIND', '/'],
  ])('%s %s: 404', async (method, path) => {
    expectProblem(await send(`${app.url}${path}`, { method }), 404, 'not_found');
  });

  it.each(['/sse', '/message', '/mcp', '/auth/revoke'])('PUT %s without a token: 401', async (path) => {
    expectProblem(await send(`${app.url}${path}`, { method: 'PUT' }), 401, 'invalid_token');
  });

  it('is not changed by a header', async () => {
    for (const header of ['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override']) {
      const url = `${app.url}/message?_method=POST`;
      const answer = await send(url, { token: tokenOf('alice'), headers: [header, 'POST'] });
      expectRpcRefusal(answer, 405, -32600);
    }
  });
});

describe('CR LF', () => {
  it.each([
    '%0d%0a',
    '%0d%0aX-Injected:%201',
    '%E5%98%8D%E5%98%8AX-Injected:%201',
    '%0aX-Injected:%201%0a%0a<b>',
  ])('in a session id splits nothing: %s', async (breaks) => {
    const url = `${app.url}/message?sessionId=${sessionId()}${breaks}`;
    const answer = await send(url, { method: 'POST', token: tokenOf('alice'), body: '{}' });
    expectRpcRefusal(answer, 404, -32001);
    expect(answer.headers['x-injected']).toBeUndefined();
    expect(answer.text).not.toMatch(/Injected|<b>/);
  });

  it.each(['Origin', 'Authorization', 'Host', 'Content-Type', 'Access-Control-Request-Headers'])(
    'or a control character in %s gets into no answer',
    async (name) => {
      for (const breaks of ['\r', '\n X-Injected: 1', '\0', '\u0001', '\u007f', '\r\n\tX-Injected: 1']) {
        const host = name === 'Host' ? '' : 'Host: localhost\r\n';
        const value = name === 'Origin' ? 'http://localhost' : 'localhost';
        const head = `GET /sse HTTP/1.1\r\n${host}${name}: ${value}${breaks}\r\nConnection: close\r\n\r\n`;
        const { statuses, text } = await sendBytes(app.url, head);
        expect([[400], [401], [403]]).toContainEqual(statuses);
        expect(text).not.toMatch(/X-Injected/i);
      }
    },
  );
});

describe('a request that two readers would read differently', () => {
  const smuggled = 'GET /auth/token?username=root HTTP/1.1\r\nHost: localhost\r\n\r\n';
  it.each([
    ['a length and chunks', 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n'],
    ['two lengths', 'Content-Length: 0\r\nContent-Length: 60\r\n'],
    ['a list of lengths', 'Content-Length: 0, 60\r\n'],
    ['a signed length', 'Content-Length: +0\r\n'],
    ['a blank in the name', 'Content-Length : 0\r\n'],
    ['chunks in another spelling', 'Transfer-Encoding: xchunked\r\n'],
    ['chunks not last', 'Transfer-Encoding: chunked, identity\r\n'],
  ])('is refused: %s', async (_how, lines) => {
    const { statuses, text } = await sendBytes(
      app.url,
      `${owner.client.headOf('')}${lines}\r\n0\r\n\r\n${smuggled}`,
    );
    expect(statuses).toEqual([400]);
    expect(text).not.toContain('access_token');
    await owner.expectUntouched();
  });
});

it('the server refuses headers of over 16 KB, and still answers the next request', async () => {
  const head = `GET /sse HTTP/1.1\r\nHost: localhost\r\nX-Long: ${'x'.repeat(17_000)}\r\n\r\n`;
  expect((await sendBytes(app.url, head)).statuses).toEqual([431]);
  await owner.expectUntouched();
});

it('the server refuses a request with 200 headers, also of unknown names', async () => {
  const bytes = `GET / HTTP/1.1\r\nHost: localhost\r\n${'a:\r\n'.repeat(200)}\r\n`;
  expect((await sendBytes(app.url, bytes)).statuses).toEqual([431]);
});

describe('the last of 190 headers', () => {
  const many = 'a:\r\n'.repeat(186);
  it.each([
    ['Host', '/', 'Host: evil.example.com', 403],
    ['Origin', '/', 'Origin: https://evil.example.com', 403],
    ['Authorization', '/sse', `Authorization: Bearer x`, 401],
    ['X-Forwarded-For', '/auth/token?username=root', 'X-Forwarded-For: 192.0.2.1', 404],
  ])('counts as the first does: %s', async (_name, path, line, status) => {
    const head = `GET ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${tokenOf('alice')}\r\n`;
    const bytes = `${head}Connection: close\r\n${many}${line}\r\n\r\n`;
    expect((await sendBytes(app.url, bytes)).statuses).toEqual([status]);
  });
});

describe('slow clients', () => {
  it('have 10 s for the headers and 30 s for the request', () => {
    expect(limits).toEqual({ headersTimeout: 10_000, requestTimeout: 30_000 });
  });

  it('that dribble headers, or send nothing, are cut off', async () => {
    for (const text of await Promise.all(slow)) expect(readRaw(text).statuses).toEqual([408]);
    await owner.expectUntouched();
  });
});
