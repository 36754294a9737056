import { SessionService } from '../src/mcp/index.js';
import { SessionStreams } from '../src/mcp/transports/streamable-http/session.streams.js';
import { CountTool } from './support/count.tool.js';
import { eventsOf, McpEndpoint, type NumberedEvent } from './support/mcp-endpoint.js';
import type { Reply } from './support/raw-session.js';
import { startApp, type TestApp } from './support/test-app.js';
import { until } from './support/until.js';

let app: TestApp;
let token: string;

beforeAll(async () => {
  app = await startApp({}, [CountTool]);
  token = await app.token();
});

afterAll(() => app.close());

const count = { name: 'count', _meta: { progressToken: 'p' } };
const open = (version?: string): Promise<McpEndpoint> => McpEndpoint.open(app.url, token, version);
const service = (): SessionService => app.app.get(SessionService, { strict: false });
const progressIn = (events: NumberedEvent[]): unknown[] =>
  events
    .filter(({ data }) => data !== '')
    .map(({ data }) => JSON.parse(data) as Reply & { params?: { progress: number } })
    .map(({ params, result }) => params?.progress ?? result);
const COUNTED = { content: [{ type: 'text', text: 'counted' }] };

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

  it('goes on without its client, and gives the rest to one that comes back: at every cut', async () => {
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

  it('can be had again after it has ended', async () => {
    const endpoint = await open();
    const response = await endpoint.call(1, 'tools/call', count);
    CountTool.release();
    const [first] = await rest(eventsOf(response));
    const again = await endpoint.get({ 'Last-Event-ID': first!.id });
    expect(progressIn(await rest(eventsOf(again)))).toEqual([1, 2, 3, COUNTED]);
    // It lives in the log alone by now: whoever asks for it gets one that is made for the occasion.
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

describe('the standing stream', () => {
  it('is taken over by a newer one of the same session', async () => {
    const endpoint = await open();
    const first = await endpoint.get();
    const second = await endpoint.get();
    await rest(eventsOf(first));
    expect(
      service()
        .list()
        .find(({ id }) => id === endpoint.sessionId)!.streams.size,
    ).toBe(1);
    await second.body!.cancel();
    await until(
      () =>
        service()
          .list()
          .find(({ id }) => id === endpoint.sessionId)!.streams.size === 0,
    );
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
    const session = service()
      .list()
      .find(({ id }) => id === endpoint.sessionId)!;
    service().close(session, 'token_revoked');
    await rest(eventsOf(stream));
  });

  it('is refused without an Accept for it, and for an event that never was', async () => {
    const endpoint = await open();
    expect((await endpoint.get({ Accept: 'application/json' })).status).toBe(406);
    for (const id of ['standing.77', 'x', '', '../..', 'reply-1.1']) {
      expect((await endpoint.get({ 'Last-Event-ID': id })).status).toBe(400);
    }
  });
});
