import { connect } from 'node:net';
import { BackplaneNode, Records, RevocationStore, ConcurrencyLimiter } from '../../src/backplane/index.js';
import { MemoryBeats } from '../../src/backplane/memory/memory-beats.js';
import { SessionService, ToolRegistry } from '../../src/mcp/index.js';
import { expectChallenge } from '../support/envelopes.js';
import { type EraClient, ERAS } from '../support/eras/index.js';
import { now, tokenOf } from '../support/forge.js';
import { eventsOf, McpEndpoint, type NumberedEvent } from '../support/mcp-endpoint.js';
import { RawSession } from '../support/raw-session.js';
import { PUBLIC_URL, startApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';
import { readRaw, send } from '../support/wire.js';
import { RoutedTool } from '../fixtures/routed.tools.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp({}, [RoutedTool]);
  // As one of several nodes, which read the records of sessions.
  Object.assign(app.app.get(MemoryBeats, { strict: false }), { isLocal: false });
  Object.assign(app.app.get(BackplaneNode).membership, { isAlone: false });
});
afterAll(() => app.close());
afterEach(() => jest.restoreAllMocks());

async function revoke(token: string): Promise<void> {
  expect((await send(`${app.url}/auth/revoke`, { method: 'POST', token })).status).toBe(200);
}

describe.each(ERAS)('a token that is revoked while the body of its request is on its way: $name', (era) => {
  let client: EraClient;
  let keeper: string;
  let stolen: string;
  let statuses: Promise<readonly number[]>;
  const body = era.request('late', 'tools/call', { name: 'routed', arguments: {} });

  beforeEach(async () => {
    [keeper, stolen] = [tokenOf('alice'), tokenOf('alice')];
    client = await era.connect(app.url, keeper);
    const late = postLate();
    await late.begun;
    await revoke(stolen);
    statuses = late.finish();
  });
  afterEach(() => client.close());

  /** A POST with the stolen token that the guard has let in, and whose body comes when it is told to. */
  function postLate(): { begun: Promise<unknown>; finish: () => Promise<readonly number[]> } {
    const { hostname, port } = new URL(app.url);
    const socket = connect(Number(port), hostname).setEncoding('utf8');
    // Answered by Node as it hands the request to the application.
    const framing = `Content-Length: ${body.length}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n`;
    socket.write(client.headOf(body).replace(keeper, stolen) + framing);
    let text = '';
    socket.on('data', (chunk: string) => (text += chunk)).on('error', () => undefined);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    const continued = until(() => text.includes('100 Continue'));
    // Later in the server's queue, and through the guard: so is the first by then.
    const begun = continued.then(() => send(`${app.url}/sse`, { token: stolen }));
    return {
      begun,
      finish: async () => {
        socket.write(body);
        await closed;
        return readRaw(text).statuses;
      },
    };
  }

  it('is refused, and the message is not taken', async () => {
    const [first, status] = await statuses;
    expect(first).toBe(100);
    expect([401, 404]).toContain(status);
    expect((await client.request('after', 'tools/list')).result).toBeDefined();
    expect(app.app.get(RoutedTool).runs).toBe(0);
  });

  it('keeps nothing when the token that opened it is revoked too', async () => {
    await statuses;
    const sessions = app.app.get(SessionService);
    await revoke(keeper);
    await until(() => sessions.size === 0);
    await expect(client.request('after', 'tools/list')).rejects.toThrow('401');
  });
});

describe('a token that is revoked while its session is looked up', () => {
  it('gets no stream, and does not keep the session', async () => {
    const keeper = tokenOf('dave', { iat: now() - 5 });
    const endpoint = await McpEndpoint.open(app.url, keeper);
    const own = tokenOf('dave', { iat: now() - 1 });
    for (const session of app.app.get(SessionService).list()) session.changesHeard += 1;
    const records = app.app.get<Records>(Records);
    const read = records.read.bind(records);
    const looking = jest.spyOn(records, 'read').mockImplementationOnce(async (key) => {
      await revoke(own);
      return read(key);
    });
    const newer = new McpEndpoint(app.url, own);
    newer.sessionId = endpoint.sessionId;
    const answer = await newer.get();
    expect(looking).toHaveBeenCalledTimes(1);
    expect(answer.status).toBe(401);
    // The session is still its owner's, by the token that has not been revoked.
    expect((await endpoint.request(1, 'ping')).result).toEqual({});
    await endpoint.delete();
  });
});

describe('a token that is revoked while what its client missed is read', () => {
  it('gets no stream', async () => {
    const token = tokenOf('erin');
    const endpoint = await McpEndpoint.open(app.url, token);
    const session = app.app.get(SessionService).list().at(-1)!;
    const events = eventsOf(await endpoint.get());
    const { value: primed } = await events.next();
    await events.return(undefined);
    await until(() => session.streams.size === 0);
    const { bus } = app.app.get(BackplaneNode);
    const since = bus.since.bind(bus);
    const reading = jest.spyOn(bus, 'since').mockImplementationOnce(async (offset) => {
      const missed = await since(offset);
      await revoke(token);
      return missed;
    });
    app.app
      .get(ToolRegistry, { strict: false })
      .add({ name: 'missed', description: 'Missed.' }, { execute: () => '' });
    const resumed = await endpoint.get({ 'Last-Event-ID': (primed as NumberedEvent).id });
    expect(resumed.status).toBe(404);
    expect(reading).toHaveBeenCalledTimes(1);
  });
});

describe('a token that is revoked while its stream is being opened', () => {
  it('gets none that stays', async () => {
    const acquiring = revokeOnTheWay('bob');
    const opened = await RawSession.open(app.url, tokenOf('bob')).catch(() => undefined);
    expect(acquiring).toHaveBeenCalledTimes(1);
    const sessions = app.app.get(SessionService);
    await until(() => sessions.size === 0);
    opened?.close();
  });

  it('is told so as by the guard', async () => {
    const acquiring = revokeOnTheWay('carol');
    const answer = await send(`${app.url}/sse`, { token: tokenOf('carol') });
    expect(acquiring).toHaveBeenCalledTimes(1);
    expectChallenge(answer, { route: '/sse', error: 'invalid_token' });
  });
});

/** As with a backplane that takes a while: the guard has let the caller in, and its session is not there yet. */
function revokeOnTheWay(subject: string): unknown {
  const slots = app.app.get<ConcurrencyLimiter>(ConcurrencyLimiter);
  const acquire = slots.acquire.bind(slots);
  return jest.spyOn(slots, 'acquire').mockImplementation(async (...args: Parameters<typeof acquire>) => {
    const revocation = {
      target: { kind: 'subject', issuer: PUBLIC_URL, subject },
      revokedAt: now(),
      expiresAt: now() + 600,
    } as const;
    await app.app.get<RevocationStore>(RevocationStore).revoke(revocation);
    return acquire(...args);
  });
}
