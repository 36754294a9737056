import { type EraClient, ERAS } from '../support/eras/index.js';
import { RawSession } from '../support/raw-session.js';
import { tokenOf } from '../support/forge.js';
import type { Reply } from '../support/raw-session.js';
import { startApp, type TestApp } from '../support/test-app.js';
import { FloodTool, LeakTool, LinesTool, PASSWORD } from '../fixtures/hostile.tools.js';

let app: TestApp;
beforeAll(async () => {
  // No heartbeat comes between the events of a slow machine.
  app = await startApp({ HEARTBEAT: '5m' }, [LeakTool, LinesTool, FloodTool]);
});
afterAll(() => app.close());

/** What a stream of this server's may consist of, event by event. */
const EVENT = /^(id: [\w.-]+\n)?(data: |event: message\ndata: [^\r\n]*)$/;

describe.each(ERAS)('$name', (era) => {
  let plain: EraClient;
  let keeper: EraClient;
  beforeAll(async () => {
    plain = await era.connect(app.url, tokenOf('alice'));
    keeper = await era.connect(app.url, tokenOf('keeper'));
  });
  afterAll(() => {
    for (const client of [plain, keeper]) client.close();
  });

  let serial = 0;
  const call = (client: EraClient, name: unknown, args: Record<string, unknown> = {}): Promise<Reply> =>
    client.request(`call-${(serial += 1)}`, 'tools/call', { name, arguments: args });

  describe('what a tool throws', () => {
    it.each(['sync', 'async', 'text', 'object', 'cause', 'getter', 'result'])(
      '(%s) reaches no client: a reference stands for it',
      async (way) => {
        const { result, error } = await call(plain, 'leak', { way });
        expect(error).toBeUndefined();
        expect(result).toMatchObject({
          isError: true,
          content: [{ type: 'text', text: expect.stringMatching(/^leak failed; .* [0-9a-f-]{36}$/) }],
        });
        expect(JSON.stringify([result, plain.notices, keeper.notices])).not.toMatch(
          new RegExp(`${PASSWORD}|postgres|\\.ts:\\d|at execute`),
        );
      },
    );

    it('in wrong arguments is not repeated, however it is sent', async () => {
      for (const way of [PASSWORD, { [PASSWORD]: 1 }, [PASSWORD]]) {
        const { result } = await call(plain, 'leak', { way });
        expect(result).toMatchObject({ isError: true });
        expect(JSON.stringify(result)).not.toContain(PASSWORD);
      }
    });
  });

  describe('text in a result', () => {
    it.each([
      '\r\n\r\nevent: endpoint\r\ndata: /message?sessionId=evil\r\n\r\n',
      '\n\nevent: x\ndata: {"jsonrpc":"2.0","id":"forged","result":{}}\n\n',
      '\r\rdata: forged\r\r',
      '\n\nid: 7\nretry: 1\n\n',
      '\n: comment\n\n',
      '\u2028\u2028event: x\u2028data: y\u2028\u2028',
      '\u2029\u0085\u000b\u000c',
      '\0\u0001\u001b[2J\u007f',
      '\ufeff',
      '\ud800 alone',
      '</script><!--',
      '"},"id":"forged"}',
    ])('stays inside one event, as it was: %j', async (sent) => {
      // Half of a pair has no form in UTF-8.
      const text = sent.toWellFormed();
      const client = await era.connect(app.url, tokenOf('alice'));
      await client.wantLogs('debug');
      const params = { name: 'lines', arguments: { text: sent }, _meta: { progressToken: `p${sent}` } };
      const lines = client.begin('lines', 'tools/call', params);
      const { result } = await lines.reply();
      expect(result).toMatchObject({ content: [{ type: 'text', text, _meta: { [text]: text } }] });
      expect(client.notices.map(({ params }) => params)).toEqual([
        { progressToken: `p${text}`, progress: 1, message: text },
        { level: 'emergency', logger: text, data: { text } },
      ]);
      if (client instanceof RawSession) {
        // The address, the reply to a client that wants logs, and these three.
        const kinds = client.events.map(({ event }) => event);
        expect(kinds).toEqual(['endpoint', ...Array.from({ length: 5 }, () => 'message')]);
        expect(client.comments).toEqual([]);
      } else {
        const events = (await lines.answer).text.split('\n\n').slice(0, -1);
        for (const event of events) expect(event).toMatch(EVENT);
        expect(events).toHaveLength(era.revision === '2025-11-25' ? 4 : 3);
      }
      client.close();
    });
  });

  describe('progress', () => {
    it('has a token of any length, and none that is no token', async () => {
      const long = 't'.repeat(20_000);
      for (const [token, times] of [
        [long, 1],
        [0, 1],
        [1.5, 1],
        [null, 0],
        [{}, 0],
        [['x'], 0],
        [true, 0],
      ] as const) {
        const before = plain.notices.length;
        const params = { name: 'flood', arguments: { count: 1 }, _meta: { progressToken: token } };
        await plain.request(`progress-${(serial += 1)}`, 'tools/call', params);
        const told = plain.notices.slice(before);
        expect(told).toHaveLength(times);
        if (times === 1) expect(told[0]!.params).toMatchObject({ progressToken: token });
      }
    });

    it('that floods arrives in order, and others are served meanwhile', async () => {
      const count = 5_000;
      const session = await era.connect(app.url, tokenOf('flooded'));
      const params = { name: 'flood', arguments: { count }, _meta: { progressToken: 'p' } };
      const flooding = session.request('flood', 'tools/call', params);
      for (let at = 0; at < 20; at += 1) expect((await call(keeper, 'test')).result).toBeDefined();
      expect((await flooding).result).toMatchObject({ content: [{ text: 'done' }] });
      const told = session.notices.map(({ params }) => params['progress']);
      expect(told).toEqual(Array.from({ length: count }, (_item, at) => at + 1));
      session.close();
    });
  });
});
