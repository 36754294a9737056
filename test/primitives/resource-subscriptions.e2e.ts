import { setTimeout as sleep } from 'node:timers/promises';
import { Records } from '../../src/backplane/index.js';
import { type McpResource, Resource, ResourceRegistry, SessionService } from '../../src/mcp/index.js';
import { McpEndpoint } from '../support/mcp-endpoint.js';
import { RawSession, type Reply } from '../support/raw-session.js';
import { SDK_CLIENTS } from '../support/sdk-clients.js';
import { startApp, type TestApp } from '../support/test-app.js';

class Reading implements McpResource {
  read(): string {
    return 'read';
  }
}

@Resource({ name: 'news', uri: 'app://news' })
class NewsResource extends Reading {}

@Resource({ name: 'item', uriTemplate: 'item://{id}' })
class ItemResource extends Reading {}

@Resource({ name: 'keys', uri: 'admin://keys', scopes: ['mcp:admin'] })
class KeysResource extends Reading {}

let app: TestApp;
beforeAll(async () => {
  app = await startApp({}, [NewsResource, ItemResource, KeysResource]);
});
afterAll(() => app.close());

/** What the one session of a subject has subscribed to. */
function subscriptionsOf(subject: string): string[] {
  const sessions = app.app.get(SessionService).list();
  const [session, ...more] = sessions.filter(({ principal }) => principal.subject === subject);
  if (session === undefined || more.length > 0) throw new Error('not one session');
  return [...session.subscriptions].toSorted();
}

interface Wire {
  call(method: string, params: Record<string, unknown>): Promise<Reply>;
  close(): unknown;
}

let serial = 0;
const WIRES: readonly { name: string; open: (subject: string, scope?: string) => Promise<Wire> }[] = [
  {
    name: '/sse',
    open: async (subject, scope) => {
      const session = await RawSession.open(app.url, await app.token(subject, scope));
      return {
        call: (method, params) => session.request((serial += 1), method, params),
        close: () => session.close(),
      };
    },
  },
  {
    name: '/mcp',
    open: async (subject, scope) => {
      const endpoint = await McpEndpoint.open(app.url, await app.token(subject, scope));
      return {
        call: (method, params) => endpoint.request((serial += 1), method, params),
        close: () => endpoint.delete(),
      };
    },
  },
];

describe.each(WIRES)('subscriptions, $name', ({ name, open }) => {
  const subject = `alice on ${name.slice(1)}`;
  let session: Wire;
  beforeEach(async () => {
    session = await open(subject);
  });
  afterEach(() => {
    jest.restoreAllMocks();
    return session.close();
  });

  const subscribe = (uri: unknown): Promise<Reply> => session.call('resources/subscribe', { uri });
  const unsubscribe = (uri: unknown): Promise<Reply> => session.call('resources/unsubscribe', { uri });

  it('are kept until they are ended, each once', async () => {
    for (const uri of ['app://news', 'item://7', 'app://news']) {
      expect((await subscribe(uri)).result).toEqual({});
    }
    expect(subscriptionsOf(subject)).toEqual(['app://news', 'item://7']);
    expect((await unsubscribe('app://news')).result).toEqual({});
    expect((await unsubscribe('app://news')).result).toEqual({});
    expect(subscriptionsOf(subject)).toEqual(['item://7']);
  });

  it('may be made at the same time', async () => {
    const uris = Array.from({ length: 20 }, (_, index) => `item://${index}`).toSorted();
    await Promise.all(uris.map(subscribe));
    expect(subscriptionsOf(subject)).toEqual(uris);
    await session.call('ping', {});
    expect(subscriptionsOf(subject)).toEqual(uris);
  });

  it('may be made while another is written down, by a backplane that takes its time', async () => {
    const records = app.app.get<Records>(Records);
    const [read, patch] = [records.read.bind(records), records.patch.bind(records)];
    jest.spyOn(records, 'read').mockImplementation(async (key) => structuredClone(await read(key)));
    jest.spyOn(records, 'patch').mockImplementation(async (...change) => {
      const copy = structuredClone(change);
      await sleep(20);
      return patch(...copy);
    });
    const first = subscribe('item://1');
    await sleep(10);
    await Promise.all([first, subscribe('item://2')]);
    await session.call('ping', {});
    expect(subscriptionsOf(subject)).toEqual(['item://1', 'item://2']);
  });

  it('are refused for what is hidden as for what is not there', async () => {
    for (const uri of ['admin://keys', 'admin://nothing', 'item://a/b', '__proto__']) {
      expect((await subscribe(uri)).error).toEqual({
        code: -32002,
        message: 'Resource not found',
        data: { uri },
      });
    }
    expect((await unsubscribe('admin://keys')).result).toEqual({});
    expect(subscriptionsOf(subject)).toEqual([]);
  });

  it.each([
    ['a number', 5],
    ['null', null],
    ['a list', ['app://news']],
    ['nothing', undefined],
    ['a text that is too long', `item://${'x'.repeat(2_048)}`],
  ])('are refused for %s in place of a URI', async (_what, uri) => {
    const message = '"uri" must be a string of at most 2048 characters';
    expect((await subscribe(uri)).error).toEqual({ code: -32602, message });
    expect((await unsubscribe(uri)).error).toEqual({ code: -32602, message });
  });
});

describe('a subscription', () => {
  it('is what a session is told by, and nothing else', async () => {
    const session = await RawSession.open(app.url, await app.token('reader'));
    const clientInfo = { name: 'by-hand', version: '1' };
    const params = { protocolVersion: '2024-11-05', capabilities: {}, clientInfo };
    await session.request('init', 'initialize', params);
    await session.request(1, 'resources/subscribe', { uri: 'app://news' });
    for (const uri of ['item://7', 'app://news', 'admin://keys']) app.app.get(ResourceRegistry).updated(uri);
    await session.request(2, 'ping');
    const told = session.messages.filter(({ id }) => id === undefined);
    expect(told).toMatchObject([
      { method: 'notifications/resources/updated', params: { uri: 'app://news' } },
    ]);
    session.close();
  });

  it('is one of 1,000 at most', async () => {
    const endpoint = await McpEndpoint.open(app.url, await app.token('collector'), '2025-03-26');
    const call = (method: string, uri: string): Promise<Reply> =>
      endpoint.request((serial += 1), `resources/${method}`, { uri });
    for (let first = 0; first < 1_000; first += 50) {
      const batch = Array.from({ length: 50 }, (_, at) => {
        const params = { uri: `item://${first + at}` };
        return { jsonrpc: '2.0', id: (serial += 1), method: 'resources/subscribe', params };
      });
      await (await endpoint.post(batch)).text();
    }
    expect(subscriptionsOf('collector')).toHaveLength(1_000);
    const message = 'A session may have 1000 subscriptions: end one first';
    expect((await call('subscribe', 'item://one-more')).error).toEqual({ code: -32600, message });
    expect((await call('subscribe', 'item://5')).result).toEqual({});
    await call('unsubscribe', 'item://5');
    expect((await call('subscribe', 'item://one-more')).result).toEqual({});
    expect(subscriptionsOf('collector')).toHaveLength(1_000);
    await endpoint.delete();
  });

  it('is for users who may read: an administrator has more to subscribe to', async () => {
    const session = await WIRES[0]!.open('root', 'mcp:access mcp:admin');
    await session.call('resources/subscribe', { uri: 'admin://keys' });
    expect(subscriptionsOf('root')).toEqual(['admin://keys']);
    session.close();
  });

  it.each(SDK_CLIENTS.filter(({ revision }) => revision === '2025-11-25'))(
    'is made and ended by $name',
    async ({ name, connect }) => {
      const client = await connect(app.url, await app.token(name));
      await client.subscribeResource({ uri: 'app://news' });
      expect(subscriptionsOf(name)).toEqual(['app://news']);
      await client.unsubscribeResource({ uri: 'app://news' });
      expect(subscriptionsOf(name)).toEqual([]);
      await client.close();
    },
  );

  it('of what a caller may no longer read counts for nothing', async () => {
    const resources = app.app.get(ResourceRegistry);
    expect(resources.verdictOn('admin://keys', ['mcp:access', 'mcp:admin'])).toBe('allowed');
    expect(resources.verdictOn('admin://keys', ['mcp:access'])).toBe('hidden');
  });
});
