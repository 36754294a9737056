import { randomUUID } from 'node:crypto';
import type { JsonRpcRequest } from '../messages/json-rpc.js';
import type { Principal } from '../authorization/principal.js';
import { Session } from '../sessions/session.js';
import { Call } from './call.js';
import { ServerRequestInput } from '../client-input/server-request.input.js';

const principal = { key: 'alice', subject: 'alice' } as Principal;
const request: JsonRpcRequest = { kind: 'request', id: 1, method: 'tools/call', params: {} };

let session: Session;
let call: Call;

beforeEach(() => {
  jest.useFakeTimers();
  session = new Session('s', principal, 'streamable-http');
  session.clientCapabilities = { roots: {} };
  call = new Call(
    { peer: session, principal, sink: session },
    request,
    (asking) => new ServerRequestInput(asking, 600_000, randomUUID),
  );
});
afterEach(() => jest.useRealTimers());

/** Why the call was aborted, if it was. */
const abortReason = (): unknown => (call.signal.reason as { outcome?: string } | undefined)?.outcome;

describe('the time limit of a call', () => {
  it('runs while its handler runs, and stops when that has ended', async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const settled = call.settle(promise, 1_000, performance.now());
    expect(jest.getTimerCount()).toBe(1);
    resolve('done');
    expect(await settled).toBe('done');
    call.end();
    expect(jest.getTimerCount()).toBe(0);
  });

  it('does not run while its client is asked, however many requests are open', async () => {
    const settled = call.settle(new Promise(() => {}), 1_000, performance.now());
    const [one, other] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const waiting = [call.pausing(one.promise), call.pausing(other.promise)];
    await jest.advanceTimersByTimeAsync(5_000);
    one.resolve();
    await waiting[0];
    await jest.advanceTimersByTimeAsync(5_000);
    expect(abortReason()).toBeUndefined();
    other.resolve();
    await waiting[1];
    const ended = settled.catch((error: unknown) => error);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(await ended).toMatchObject({ outcome: 'timeout' });
    expect(abortReason()).toBe('timeout');
  });

  it('leaves no timer of an answered request', async () => {
    const roots = call.listRoots();
    await jest.advanceTimersByTimeAsync(0);
    const [[id, question]] = [...session.inputRequests] as [[string, { answer(response: object): void }]];
    question.answer({ kind: 'response', id, result: { roots: [] } });
    expect(await roots).toEqual([]);
    expect([session.inputRequests.size, jest.getTimerCount()]).toEqual([0, 0]);
  });
});

describe('the signal of a call', () => {
  it('is aborted where it is first read after the abort', () => {
    call.abort('cancelled');
    expect(call.signal.aborted).toBe(true);
    expect(abortReason()).toBe('cancelled');
  });
});

it('a step has a name of 1 to 64 characters', async () => {
  expect(await call.once('k'.repeat(64), () => 'done')).toBe('done');
  for (const key of ['', 'k'.repeat(65)]) {
    await expect(call.once(key, () => 'done')).rejects.toThrow(RangeError);
  }
});
