import { setImmediate as turn } from 'node:timers/promises';
import { type CallContext, SessionService, ToolRegistry } from '../../src/mcp/index.js';
import { SessionStreams } from '../../src/mcp/transports/streamable-http/session.streams.js';
import { CountTool } from '../support/count.tool.js';
import { eventsOf, McpEndpoint, type NumberedEvent } from '../support/mcp-endpoint.js';
import type { Reply } from '../support/raw-session.js';
import { RESOURCES } from '../support/resources.js';
import { startApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

let app: TestApp;
let token: string;
let added = 0;

beforeAll(async () => {
  app = await startApp({}, [CountTool, ...RESOURCES]);
  token = await app.token();
});

afterAll(() => app.close());

const count = { name: 'count', _meta: { progressToken: 'p' } };
const open = (version?: string): Promise<McpEndpoint> => McpEndpoint.open(app.url, token, version);
const service = (): SessionService => app.app.get(SessionService, { strict: false });
const session = ({ sessionId }: McpEndpoint) =>
  service()
    .list()
    .find(({ id }) => id === sessionId)!;
const messagesIn = (events: NumberedEvent[]) =>
  events.map(({ data }) => JSON.parse(data) as { method?: string; params?: unknown });
const methodsIn = (events: NumberedEvent[]): unknown[] => messagesIn(events).map(({ method }) => method);
const progressIn = (events: NumberedEvent[]): unknown[] =>
  events
    .filter(({ data }) => data !== '')
    .map(({ data }) => JSON.parse(data) as Reply & { params?: { progress: number } })
    .map(({ params, result }) => params?.progress ?? result);
const COUNTED = { content: [{ type: 'text', text: 'counted' }] };

function addTool(): void {
  added += 1;
  const name = `late-${added}`;
  app.app.get(ToolRegistry, { strict: false }).add({ name, description: name }, { execute: () => name });
}

/** Changes are told in the turn after the one that makes them. */
async function announced(): Promise<void> {
  await turn();
  await turn();
}

async function take(events: AsyncGenerator<NumberedEvent>, wanted: number): Promise<NumberedEvent[]> {
  const taken: NumberedEvent[] = [];
  while (taken.length < wanted) {
    const { value, done } = await events.next();
    if (done === true) break;
    taken.push(value);
  }
  return taken;
}

async function rest(events: AsyncGenerator<NumberedEvent>): Promise<NumberedEvent[]> {
  return take(events, Number.POSITIVE_INFINITY);
}

describe('a call that reports progress', () => {
  it('is answered by a stream of numbered events, which ends with the reply', async () => {
    const response = await (await open()).call(1, 'tools/call', count);
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(response.headers.get('x-accel-buffering')).toBe('no');
    CountTool.release();
    const events = await rest(eventsOf(response));
    expect(events[0]!.data).toBe('');
    expect(progressIn(events)).toEqual([1, 2, 3, COUNTED]);
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
  });

  it('has no priming event before 2025-11-25', async () => {
    const response = await (await open('2025-06-18')).call(1, 'tools/call', count);
    CountTool.release();
    expect((await rest(eventsOf(response)))[0]!.data).not.toBe('');
  });

  it('runs on without its client, and a client that comes back gets the rest: at every cut', async () => {
    for (let cut = 1; cut <= 3; cut += 1) {
      const endpoint = await open();
      const response = await endpoint.call(1, 'tools/call', count);
      const seen = await take(eventsOf(response), cut);
      const resumed = await endpoint.get({ 'Last-Event-ID': seen.at(-1)!.id });
      CountTool.release();
      const later = await rest(eventsOf(resumed));
      expect(CountTool.aborted).toBe(false);
      expect([...progressIn(seen), ...progressIn(later)]).toEqual([1, 2, 3, COUNTED]);
    }
  });

  it('does not keep its session in use when its client has left before the first', async () => {
    const endpoint = await open();
    const registry = app.app.get(ToolRegistry, { strict: false });
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const execute = async (_input: unknown, context: CallContext): Promise<string> => {
      await released;
      context.progress(1);
      return 'late';
    };
    registry.add({ name: 'late', description: 'Late.' }, { execute });
    const { promise: closed, resolve: close } = Promise.withResolvers<void>();
    app.app.getHttpServer().once('request', (_request, response) => response.once('close', close));
    const leaving = new AbortController();
    const params = { ...count, name: 'late' };
    const left = endpoint.post({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }, {}, leaving.signal);
    await until(() => session(endpoint).calls.size === 1);
    leaving.abort();
    await Promise.allSettled([left, closed]);
    release();
    await until(() => session(endpoint).calls.size === 0);
    expect(session(endpoint).idleSince).toBeDefined();
  });

  it('can be had again after it has ended', async () => {
    const endpoint = await open();
    const response = await endpoint.call(1, 'tools/call', count);
    CountTool.release();
    const [first] = await rest(eventsOf(response));
    const again = await endpoint.get({ 'Last-Event-ID': first!.id });
    expect(progressIn(await rest(eventsOf(again)))).toEqual([1, 2, 3, COUNTED]);
    // It lives in the log alone by now: a client that asks for it gets one that is made from the log.
    const session = service()
      .list()
      .find(({ id }) => id === endpoint.sessionId)!;
    const streams = app.app.get(SessionStreams, { strict: false });
    expect(streams.sentOn(session, first!.id)).not.toBe(streams.sentOn(session, first!.id));
  });

  it('is not given to another session of the same principal', async () => {
    const [mine, other] = [await open(), await open()];
    const response = await mine.call(1, 'tools/call', count);
    CountTool.release();
    const [first] = await rest(eventsOf(response));
    expect((await other.get({ 'Last-Event-ID': first!.id })).status).toBe(400);
  });

  it('is aborted by a cancellation, and by the end of its session', async () => {
    const endpoint = await open();
    const cancelled = await endpoint.call(1, 'tools/call', count);
    const params = { requestId: 1 };
    await endpoint.post({ jsonrpc: '2.0', method: 'notifications/cancelled', params });
    await until(() => CountTool.aborted);
    expect(progressIn(await rest(eventsOf(cancelled)))).toEqual([1, 2]);
    const ended = await endpoint.call(2, 'tools/call', count);
    await endpoint.delete();
    expect(CountTool.aborted).toBe(true);
    expect(progressIn(await rest(eventsOf(ended)))).toEqual([1, 2]);
  });
});

describe('the standalone stream', () => {
  it.each(['2025-06-18', '2025-11-25'])(
    'gives what came meanwhile to a client that comes back, and then what comes: %s',
    async (version) => {
      const endpoint = await open(version);
      const leaving = new AbortController();
      const first = eventsOf(await endpoint.get({}, leaving.signal));
      addTool();
      const seen = await take(first, version === '2025-11-25' ? 2 : 1);
      leaving.abort();
      await until(() => session(endpoint).streams.size === 0);
      addTool();
      await announced();
      const later = eventsOf(await endpoint.get({ 'Last-Event-ID': seen.at(-1)!.id }));
      expect(methodsIn(await take(later, 1))).toEqual(['notifications/tools/list_changed']);
      addTool();
      expect(methodsIn(await take(later, 1))).toEqual(['notifications/tools/list_changed']);
      expect(session(endpoint).streams.size).toBe(1);
      await endpoint.delete();
    },
  );

  it('tells a client that has missed what is gone of all that may have changed', async () => {
    const endpoint = await open();
    const leaving = new AbortController();
    const [primed] = await take(eventsOf(await endpoint.get({}, leaving.signal)), 1);
    await endpoint.request(1, 'resources/subscribe', { uri: 'app://motd' });
    leaving.abort();
    await until(() => session(endpoint).streams.size === 0);
    addTool();
    await announced();
    // A place on the bus that is not there any more.
    const gone = primed!.id.replace(/\.\w+$/, '.0');
    const later = eventsOf(await endpoint.get({ 'Last-Event-ID': gone }));
    const told = messagesIn((await take(later, 5)).slice(1));
    expect(told.map(({ method }) => method)).toEqual([
      'notifications/tools/list_changed',
      'notifications/prompts/list_changed',
      'notifications/resources/list_changed',
      'notifications/resources/updated',
    ]);
    expect(told.at(-1)!.params).toEqual({ uri: 'app://motd' });
    addTool();
    expect(methodsIn(await take(later, 1))).toEqual(['notifications/tools/list_changed']);
    await endpoint.delete();
  });

  it.each(['2025-06-18', '2025-11-25'])(
    'is open at once, before there is anything to send: %s',
    async (version) => {
      const stream = await (await open(version)).get();
      expect(stream.status).toBe(200);
      await stream.body!.cancel();
    },
    5_000,
  );

  it('ends when the token is revoked', async () => {
    const endpoint = await McpEndpoint.open(app.url, await app.token('rita'));
    const stream = await endpoint.get();
    service().close(session(endpoint), 'token_revoked');
    await rest(eventsOf(stream));
  });

  it('is refused without an Accept for it, and for an event that never was', async () => {
    const endpoint = await open();
    expect((await endpoint.get({ Accept: 'application/json' })).status).toBe(406);
    for (const id of ['standing.77', 'x', '../..', 'reply-1.1']) {
      expect((await endpoint.get({ 'Last-Event-ID': id })).status).toBe(400);
    }
  });
});
