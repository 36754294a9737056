import { type EraClient, ERAS } from '../support/eras/index.js';
import { now, tokenOf } from '../support/forge.js';
import type { Reply } from '../support/raw-session.js';
import { startApp, type TestApp } from '../support/test-app.js';
import { VaultTool } from '../fixtures/hostile.tools.js';

let app: TestApp;
let vault: VaultTool;
beforeAll(async () => {
  app = await startApp({}, [VaultTool]);
  vault = app.app.get(VaultTool);
});
afterAll(() => app.close());

const names = ({ result }: Reply): string[] =>
  (result as { tools: { name: string }[] }).tools.map(({ name }) => name);

describe.each(ERAS)('$name', (era) => {
  let plain: EraClient;
  let keeper: EraClient;
  beforeAll(async () => {
    plain = await era.connect(app.url, tokenOf('alice'));
    keeper = await era.connect(app.url, tokenOf('keeper', { scope: 'mcp:access vault:open' }));
  });
  afterAll(() => {
    for (const client of [plain, keeper]) client.close();
  });

  let serial = 0;
  const call = (client: EraClient, name: unknown, args: Record<string, unknown> = {}): Promise<Reply> =>
    client.request(`call-${(serial += 1)}`, 'tools/call', { name, arguments: args });
  const list = (client: EraClient): Promise<Reply> => client.request(`list-${(serial += 1)}`, 'tools/list');

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

    it.each(SPELLINGS)(
      'and every near spelling, is answered as one that does not exist: %j',
      async (name) => {
        const { runs } = vault;
        const [theirs, nobodys] = [await call(plain, name), await call(plain, 'no-such-tool')];
        expect({ ...theirs, id: 0 }).toEqual({ ...nobodys, id: 0 });
        expect(theirs.error?.code).toBe(-32602);
        expect(JSON.stringify(theirs.error)).not.toContain('vault');
        expect(vault.runs).toBe(runs);
      },
    );

    it.each(SPELLINGS.slice(1))(
      'does not run for its own callers by another name either: %j',
      async (name) => {
        const runs = vault.runs;
        expect((await call(keeper, name)).error?.code).toBe(-32602);
        expect(vault.runs).toBe(runs);
      },
    );

    it('is in the list of users who may call it, and of no other', async () => {
      expect(names(await list(plain))).not.toContain('vault-open');
      expect(names(await list(keeper))).toContain('vault-open');
      expect(names(await list(plain))).not.toContain('vault-open');
    });

    it('runs for them', async () => {
      expect((await call(keeper, 'vault-open')).result).toMatchObject({ content: [{ text: 'open' }] });
    });

    it.each(['vault:ope', 'vault:opening', 'VAULT:OPEN', 'vault', 'vault:*', '*', 'mcp:admin'])(
      'does not run for the scope %s',
      async (scope) => {
        const client = await era.connect(app.url, tokenOf('alice', { scope: `mcp:access ${scope}` }));
        expect(names(await list(client))).not.toContain('vault-open');
        expect((await call(client, 'vault-open')).error?.code).toBe(-32602);
        client.close();
      },
    );

    it('is judged by the token of the very call, not by the one that opened the session', async () => {
      const wide = tokenOf('carol', { scope: 'mcp:access vault:open' });
      const client = await era.connect(app.url, wide);
      expect((await call(client, 'vault-open')).result).toMatchObject({ content: [{ text: 'open' }] });
      const runs = vault.runs;
      // An older token: the session keeps its newer token with more scopes, and this call must not use that one.
      const narrow = tokenOf('carol', { iat: now() - 60 });
      const params = { name: 'vault-open', scopes: ['vault:open'], _meta: { scopes: ['vault:open'] } };
      const called = await client.send(era.request('narrow', 'tools/call', params), { token: narrow });
      expect((await client.replyTo('narrow', called)).error?.code).toBe(-32602);
      const listed = await client.send(era.request('listed', 'tools/list'), { token: narrow });
      expect(names(await client.replyTo('listed', listed))).not.toContain('vault-open');
      expect(vault.runs).toBe(runs);
      client.close();
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
});
