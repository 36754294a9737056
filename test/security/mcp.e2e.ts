import { now, tokenOf } from '../support/forge.js';
import { RawSession, type Reply } from '../support/raw-session.js';
import { startApp, type TestApp } from '../support/test-app.js';
import { FloodTool, LeakTool, LinesTool, PASSWORD, VaultTool } from './fixtures/hostile.tools.js';

let app: TestApp;
let plain: RawSession;
let keeper: RawSession;
beforeAll(async () => {
  app = await startApp({}, [VaultTool, LeakTool, LinesTool, FloodTool]);
  plain = await RawSession.open(app.url, tokenOf('alice'));
  keeper = await RawSession.open(app.url, tokenOf('keeper', { scope: 'mcp:access vault:open' }));
});
afterAll(async () => {
  for (const session of [plain, keeper]) session.close();
  await app.close();
});

let serial = 0;
const call = (session: RawSession, name: unknown, args: Record<string, unknown> = {}): Promise<Reply> =>
  session.call(`call-${(serial += 1)}`, 'tools/call', { name, arguments: args });

const names = ({ result }: Reply): string[] =>
  (result as { tools: { name: string }[] }).tools.map(({ name }) => name);

describe('a tool that a caller may not use', () => {
  const SPELLINGS = [
    'vault-open',
    'Vault-Open',
    'VAULT-OPEN',
    'vault-open ',
    ' vault-open',
    'vault-open\n',
    'vault-open\r\n',
    'vault-open\t',
    'vault-open\0',
    'vault-open\0.txt',
    '\ufeffvault-open',
    'vault-open\u200b',
    'vault\u00adopen',
    'vault‐open',
    'vault–open',
    'ｖault-open',
    'ｖａｕｌｔ－ｏｐｅｎ',
    'vаult-open',
    'vault%2dopen',
    './vault-open',
    'vault-open/',
    'vault-*',
    'vault-open,test',
    'vault-opem',
  ];

  it.each(SPELLINGS)('and every near spelling, is answered as one that does not exist: %j', async (name) => {
    const [theirs, nobodys] = [await call(plain, name), await call(plain, 'no-such-tool')];
    expect({ ...theirs, id: 0 }).toEqual({ ...nobodys, id: 0 });
    expect(theirs.error?.code).toBe(-32602);
    expect(JSON.stringify(theirs.error)).not.toContain('vault');
    expect(app.app.get(VaultTool).runs).toBe(0);
  });

  it.each(SPELLINGS.slice(1))('does not run for its own callers by another name either: %j', async (name) => {
    const runs = app.app.get(VaultTool).runs;
    expect((await call(keeper, name)).error?.code).toBe(-32602);
    expect(app.app.get(VaultTool).runs).toBe(runs);
  });

  it('is in the list of those who may, and of nobody else', async () => {
    expect(names(await plain.call('list', 'tools/list'))).not.toContain('vault-open');
    expect(names(await keeper.call('list', 'tools/list'))).toContain('vault-open');
    expect(names(await plain.call('list again', 'tools/list'))).not.toContain('vault-open');
  });

  it('runs for them', async () => {
    expect((await call(keeper, 'vault-open')).result).toMatchObject({ content: [{ text: 'open' }] });
  });

  it.each(['vault:ope', 'vault:opening', 'VAULT:OPEN', 'vault', 'vault:*', '*', 'mcp:admin'])(
    'does not run for the scope %s',
    async (scope) => {
      const session = await RawSession.open(app.url, tokenOf('alice', { scope: `mcp:access ${scope}` }));
      expect(names(await session.call('list', 'tools/list'))).not.toContain('vault-open');
      expect((await call(session, 'vault-open')).error?.code).toBe(-32602);
      session.close();
    },
  );

  it('is judged by the token of the very call, not by the one that opened the session', async () => {
    const wide = tokenOf('carol', { scope: 'mcp:access vault:open' });
    const session = await RawSession.open(app.url, wide);
    expect((await call(session, 'vault-open')).result).toMatchObject({ content: [{ text: 'open' }] });
    const runs = app.app.get(VaultTool).runs;
    // An older one: the session goes on by the wide one, and this call must not.
    const narrow = { Authorization: `Bearer ${tokenOf('carol', { iat: now() - 60 })}` };
    const params = { name: 'vault-open', scopes: ['vault:open'], _meta: { scopes: ['vault:open'] } };
    await session.post({ jsonrpc: '2.0', id: 'narrow', method: 'tools/call', params }, narrow);
    expect((await session.reply('narrow')).error?.code).toBe(-32602);
    await session.post({ jsonrpc: '2.0', id: 'listed', method: 'tools/list' }, narrow);
    expect(names(await session.reply('listed'))).not.toContain('vault-open');
    expect(app.app.get(VaultTool).runs).toBe(runs);
    session.close();
  });
});

it.each([
  '__proto__',
  'prototype',
  'constructor',
  'toString',
  'hasOwnProperty',
  'valueOf',
  'execute',
  'size',
  '',
])('the tool name %j is unknown like any other', async (name) => {
  const reply = await call(plain, name);
  expect(reply).toEqual({ ...(await call(plain, 'no-such-tool')), id: reply.id });
});

describe('what a tool throws', () => {
  it.each(['sync', 'async', 'text', 'object', 'cause', 'getter', 'result'])(
    '(%s) reaches nobody: a reference stands for it',
    async (way) => {
      const { result, error } = await call(plain, 'leak', { way });
      expect(error).toBeUndefined();
      expect(result).toEqual({
        isError: true,
        content: [{ type: 'text', text: expect.stringMatching(/^leak failed; .* [0-9a-f-]{36}$/) }],
      });
      expect(JSON.stringify([...plain.events, ...keeper.events])).not.toMatch(
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
  ])('stays inside one event, as it was: %j', async (text) => {
    await plain.call(`level ${serial}`, 'logging/setLevel', { level: 'debug' });
    const before = plain.events.length;
    const id = `lines-${(serial += 1)}`;
    const progressToken = `${id}${text}`;
    const params = { name: 'lines', arguments: { text }, _meta: { progressToken } };
    const reply = await plain.call(id, 'tools/call', params);
    expect(reply.result).toEqual({ content: [{ type: 'text', text, _meta: { [text]: text } }] });
    const events = plain.events.slice(before);
    expect(events.map(({ event }) => event)).toEqual(['message', 'message', 'message']);
    for (const { data } of events) expect(data).not.toMatch(/[\r\n]/);
    expect(JSON.parse(events[0]!.data)).toMatchObject({ params: { progressToken } });
    expect(plain.comments).toEqual([]);
  });
});

describe('progress', () => {
  it('has a token of any length, and none that is no token', async () => {
    const long = 't'.repeat(20_000);
    for (const [token, times] of [
      [long, 1],
      [0, 1],
      [1.5, 0],
      [null, 0],
      [{}, 0],
      [['x'], 0],
      [true, 0],
    ] as const) {
      const before = plain.events.length;
      const params = { name: 'flood', arguments: { count: 1 }, _meta: { progressToken: token } };
      await plain.call(`progress-${(serial += 1)}`, 'tools/call', params);
      const told = plain.events.slice(before).filter(({ data }) => data.includes('notifications/progress'));
      expect(told).toHaveLength(times);
      if (times === 1) expect(JSON.parse(told[0]!.data)).toMatchObject({ params: { progressToken: token } });
    }
  });

  it('that floods arrives in order, and others are served meanwhile', async () => {
    const count = 5_000;
    const session = await RawSession.open(app.url, tokenOf('flooded'));
    const params = { name: 'flood', arguments: { count }, _meta: { progressToken: 'p' } };
    const flooding = session.call('flood', 'tools/call', params);
    for (let at = 0; at < 20; at += 1) expect((await call(keeper, 'test')).result).toBeDefined();
    expect((await flooding).result).toMatchObject({ content: [{ text: 'done' }] });
    const told = session.events.slice(1, -1).map(({ data }) => JSON.parse(data).params.progress as number);
    expect(told).toEqual(Array.from({ length: count }, (_item, at) => at + 1));
    session.close();
  });
});
