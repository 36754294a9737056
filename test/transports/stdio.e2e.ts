import * as v2 from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { userInfo } from 'node:os';
import { connectSdkOverStdio, textOf } from '../support/sdk-client.js';
import {
  type Message,
  MODERN,
  stdioCommand,
  StdioProcess,
  withStdioTools,
} from '../support/stdio-process.js';
import { until } from '../support/until.js';

const SUBSCRIPTION = 'io.modelcontextprotocol/subscriptionId';

interface CallOptions {
  readonly signal?: AbortSignal;
  readonly onprogress?: (progress: { progress: number; total?: number; message?: string }) => void;
}

function subscriptionIn(params: Message['params']): unknown {
  return (params?.['_meta'] as Record<string, unknown> | undefined)?.[SUBSCRIPTION];
}

/** A client, as far as these tests need one, with the tools of `stdio-tools.preload.ts` at the other end. */
interface Caller {
  call(name: string, args: Record<string, unknown>, options?: CallOptions): Promise<unknown>;
  close(): Promise<void>;
}

async function sdkV1(onListChanged: () => void): Promise<Caller> {
  const client = await connectSdkOverStdio(withStdioTools());
  client.setNotificationHandler(ToolListChangedNotificationSchema, onListChanged);
  return {
    call: (name, args, options) => client.callTool({ name, arguments: args }, undefined, options),
    close: () => client.close(),
  };
}

async function sdkV2(mode: 'legacy' | { pin: string }, onChanged: () => void): Promise<Caller> {
  const client = new v2.Client(
    { name: 'e2e', version: '1' },
    { versionNegotiation: { mode }, listChanged: { tools: { onChanged } } },
  );
  await client.connect(new StdioClientTransport({ ...stdioCommand(withStdioTools()), stderr: 'ignore' }));
  return {
    call: (name, args, options) => client.callTool({ name, arguments: args }, options),
    close: () => client.close(),
  };
}

describe.each<readonly [string, (onListChanged: () => void) => Promise<Caller>]>([
  ['SDK v1', sdkV1],
  ['SDK v2, 2025-11-25', (onListChanged) => sdkV2('legacy', onListChanged)],
  ['SDK v2, 2026-07-28', (onListChanged) => sdkV2({ pin: '2026-07-28' }, onListChanged)],
])('%s', (_name, connect) => {
  let client: Caller;
  let listChanges = 0;

  beforeAll(async () => {
    client = await connect(() => (listChanges += 1));
  });
  afterAll(() => client.close());

  it('gets progress, cancels the call, and its next call is answered', async () => {
    const heard: unknown[] = [];
    const leaving = new AbortController();
    const onprogress = (told: unknown): void => {
      heard.push(told);
      leaving.abort();
    };
    // The SDKs pass over progress that they read together with the reply: this call has none.
    const call = client.call('slow', { ms: 60_000 }, { signal: leaving.signal, onprogress });
    await expect(call).rejects.toThrow();
    expect(heard).toMatchObject([{ progress: 1, total: 2, message: 'begun' }]);
    expect(textOf(await client.call('slow', { ms: 50 }))).toBe('after 50 ms');
  });

  it('hears that the list of tools has changed, and calls the new one', async () => {
    const before = listChanges;
    await client.call('grow', { name: 'late' });
    await until(() => listChanges > before);
    expect(textOf(await client.call('late', {}))).toBe('late');
  });

  it('is the user who started the process, with the scope that opens the server and no other', async () => {
    expect(JSON.parse(textOf(await client.call('who-am-i', {})))).toMatchObject({
      subject: userInfo().username,
      issuer: 'urn:mcp-server:local',
      clientId: '',
      roles: [],
    });
    await expect(client.call('guarded', {})).rejects.toThrow(
      /needs scopes that STDIO_SCOPES does not have: orders:write/,
    );
  });
});

describe('a process', () => {
  let server: StdioProcess;

  beforeAll(async () => {
    const scopes = { STDIO_SCOPES: 'mcp:access, orders:write' };
    server = await StdioProcess.initialized('2025-06-18', withStdioTools(scopes));
  });
  afterAll(() => server.end());

  it('has the scopes of STDIO_SCOPES', async () => {
    server.call('scopes', 'guarded');
    expect(textOf((await server.reply('scopes')).result)).toBe('["mcp:access","orders:write"]');
  });

  const of = (subscription: unknown): Message[] =>
    server.messages.filter(({ params }) => subscriptionIn(params) === subscription);

  it('serves a session and requests of 2026-07-28 side by side', async () => {
    server.request('d', 'server/discover', { _meta: MODERN });
    server.call('old', 'who-am-i');
    server.call('new', 'who-am-i', {}, MODERN);
    expect((await server.reply('d')).result).toMatchObject({
      resultType: 'complete',
      supportedVersions: expect.arrayContaining(['2026-07-28', '2025-11-25', '2024-11-05']),
    });
    const [old, fresh] = [(await server.reply('old')).result!, (await server.reply('new')).result!];
    expect(JSON.parse(textOf(old))).toMatchObject({ session: 'string' });
    expect(JSON.parse(textOf(fresh))).toMatchObject({ session: 'undefined' });
    expect(old).not.toHaveProperty('resultType');
    expect(fresh).toMatchObject({ resultType: 'complete' });
  });

  it('tells each subscription apart, and ends the one that is cancelled without a word', async () => {
    const filter = { notifications: { toolsListChanged: true }, _meta: MODERN };
    for (const id of ['one', 2]) server.request(id, 'subscriptions/listen', filter);
    await server.until(() => of('one').length === 1 && of(2).length === 1);
    expect(of(2)[0]).toMatchObject({ method: 'notifications/subscriptions/acknowledged' });

    server.call('g1', 'grow', { name: 'first' });
    await server.until(() => of('one').length === 2 && of(2).length === 2);
    expect(of('one')[1]).toMatchObject({ method: 'notifications/tools/list_changed' });

    server.cancel('one');
    server.call('g2', 'grow', { name: 'second' });
    await server.until(() => of(2).length === 3);
    expect(of('one')).toHaveLength(2);
    expect(server.messages.filter(({ id }) => id === 'one')).toEqual([]);
  });

  it('stops the work of a call that is cancelled, in either era, and does not answer it', async () => {
    server.call('c1', 'slow', { ms: 100 }, { progressToken: 'p1' });
    server.call('c2', 'slow', { ms: 100 }, { ...MODERN, progressToken: 'p2' });
    const begun = (): unknown[] => server.messages.map(({ params }) => params?.['progressToken']);
    await server.until(() => begun().includes('p1') && begun().includes('p2'));
    for (const id of ['c1', 'c2']) server.cancel(id);
    server.call('c3', 'slow', { ms: 200 });
    await server.reply('c3');
    expect(server.messages.filter(({ id }) => id === 'c1' || id === 'c2')).toEqual([]);
    expect(server.log.match(/its signal has fired/g)).toHaveLength(2);
  });

  it.each([
    ['of the session', {}, MODERN],
    ['of 2026-07-28', MODERN, {}],
    ['of 2026-07-28, from another', MODERN, MODERN],
  ])('refuses a request whose id is in use by one %s, and answers that one', async (id, first, second) => {
    const refusals = (): Message[] => server.messages.filter((message) => message.id === null);
    const before = refusals().length;
    server.call(id, 'slow', { ms: 100 }, first);
    server.call(id, 'echo', { message: 'second' }, second);
    expect(textOf((await server.reply(id)).result)).toBe('after 100 ms');
    expect(refusals().slice(before)).toMatchObject([{ error: { code: -32600 } }]);
  });

  it.each([
    [
      'a revision that it does not speak',
      { ...MODERN, 'io.modelcontextprotocol/protocolVersion': '2031-01-01' },
      -32022,
    ],
    ['no capabilities', { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' }, -32602],
  ])('refuses a request with %s', async (what, meta, code) => {
    server.request(what, 'tools/list', { _meta: meta });
    expect((await server.reply(what)).error).toMatchObject({ code });
  });
});
