import { jest } from '@jest/globals';
import { request } from 'node:http';
import { RevocationStore, SlotCounter } from '../../src/backplane/index.js';
import { SessionService } from '../../src/mcp/index.js';
import { expectChallenge } from '../support/envelopes.js';
import { now, tokenOf } from '../support/forge.js';
import { RawSession } from '../support/raw-session.js';
import { PUBLIC_URL, startApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';
import { send } from '../support/wire.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.close());
afterEach(() => jest.restoreAllMocks());

async function revoke(token: string): Promise<void> {
  expect((await send(`${app.url}/auth/revoke`, { method: 'POST', token })).status).toBe(200);
}

describe('a token that is revoked while the body of its request is on its way', () => {
  let session: RawSession;
  let keeper: string;
  let stolen: string;
  let status: Promise<number>;

  beforeEach(async () => {
    [keeper, stolen] = [tokenOf('alice'), tokenOf('alice')];
    session = await RawSession.open(app.url, keeper);
    const late = postLate(JSON.stringify({ jsonrpc: '2.0', id: 'late', method: 'ping' }));
    await late.begun;
    await revoke(stolen);
    status = late.finish();
  });
  afterEach(() => session.close());

  /** A POST with the stolen token that the guard has let in, and whose body comes when it is told to. */
  function postLate(body: string): { begun: Promise<unknown>; finish: () => Promise<number> } {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const headers = {
      Authorization: `Bearer ${stolen}`,
      'Content-Type': 'application/json',
      'Content-Length': body.length,
      // Answered by Node as it hands the request to the application.
      Expect: '100-continue',
    };
    const options = { method: 'POST', headers, agent: false };
    const sent = request(app.url + session.endpoint, options, (response) => {
      response.resume().once('end', () => resolve(response.statusCode!));
    });
    sent.once('error', reject).flushHeaders();
    const continued = new Promise((goOn) => sent.once('continue', goOn));
    // Later in the server's queue, and through the guard: so is the first by then.
    const begun = continued.then(() => send(`${app.url}/sse`, { token: stolen }));
    return {
      begun,
      finish: () => {
        sent.end(body);
        return promise;
      },
    };
  }

  it('is refused, and the message is not taken', async () => {
    expect([401, 404]).toContain(await status);
    expect((await session.call('after', 'ping')).result).toEqual({});
    expect(session.messages.map(({ id }) => id)).toEqual(['after']);
  });

  it('does not keep the session when the token that opened it is revoked too', async () => {
    await status;
    const sessions = app.app.get(SessionService);
    await revoke(keeper);
    await until(() => sessions.size === 0, 1_000);
    await expect(session.ended).resolves.toBeUndefined();
  });
});

describe('a token that is revoked while its stream is being opened', () => {
  it('gets none that stays', async () => {
    const acquiring = revokeOnTheWay('bob');
    const opened = await RawSession.open(app.url, tokenOf('bob')).catch(() => undefined);
    expect(acquiring).toHaveBeenCalledTimes(1);
    const sessions = app.app.get(SessionService);
    await until(() => sessions.size === 0, 1_000);
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
  const slots = app.app.get<SlotCounter>(SlotCounter);
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
