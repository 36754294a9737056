import { Test } from '@nestjs/testing';
import {
  BackplaneModule,
  BackplaneNode,
  BackplaneUnavailable,
  Records,
  EventStore,
  ConcurrencyLimiter,
} from '../../backplane/index.js';
import type { McpModuleOptions } from '../mcp.options.js';
import { type Principal, principalOf } from '../authorization/principal.js';
import { RefusedError } from '../messages/refused.error.js';
import { Session } from './session.js';
import { SessionStore } from './session.store.js';

const TRANSPORT = 'streamable-http';
const OPTIONS = { sessionsPerPrincipal: 2, sessionIdleMs: 60_000 } as McpModuleOptions;

const alice = (issuedAt = 1_000): Principal =>
  principalOf({
    issuer: 'i',
    subject: 'alice',
    clientId: 'c',
    scopes: ['mcp:access'],
    roles: [],
    tokenId: `t${issuedAt}`,
    jti: undefined,
    issuedAt,
    expiresAt: 2_000_000_000_000,
    refusedFrom: 2_000_000_005_000,
  });

let records: Records;
let events: EventStore;
let slots: ConcurrencyLimiter;
let node: BackplaneNode;
let store: SessionStore;

beforeEach(async () => {
  const backplane = await Test.createTestingModule({ imports: [BackplaneModule.forRoot()] }).compile();
  records = backplane.get(Records);
  events = backplane.get(EventStore);
  slots = backplane.get(ConcurrencyLimiter);
  node = backplane.get(BackplaneNode);
  store = new SessionStore(records, events, slots, node, OPTIONS);
});

const entered = async (id: string): Promise<Session> => {
  const session = new Session(id, alice(), TRANSPORT);
  await store.enter(session);
  return session;
};

/** The same session on another node. */
const elsewhere = async (id: string): Promise<Session> => {
  const session = new Session(id, alice(), TRANSPORT);
  const record = await store.read(id);
  if (typeof record !== 'object') throw new Error(`there is no session ${id}`);
  session.restore(record);
  return session;
};

const placesTaken = async (): Promise<number> => (await slots.holders(`sessions:${alice().userKey}`)).length;

it('leaves no record of a session that was refused', async () => {
  for (const id of ['a', 'b']) await entered(id);
  await expect(entered('c')).rejects.toBeInstanceOf(RefusedError);
  expect(await store.read('b')).toMatchObject({ owner: alice().key });
  expect(await store.read('c')).toBeUndefined();
});

it('leaves only the tombstone of a session that has ended', async () => {
  const session = await entered('a');
  await events.append('a', { id: 'x.1', stream: 'x', data: '' });
  await store.leave(session, 'deleted');
  expect(await store.read('a')).toBe('ended');
  expect([await placesTaken(), await events.after('a', 'x.1')]).toEqual([0, undefined]);
});

it('serves no session whose end it has heard of, although a replica without the tombstone was promoted', async () => {
  await entered('a');
  store.onEnded(() => undefined);
  await node.start();
  await node.bus.publish('session.ended', { id: 'a', reason: 'deleted' });
  expect(await records.read('session:a')).toHaveProperty('o', alice().key);
  expect(await store.read('a')).toBe('ended');
  await node.stop();
});

it.each(['renew', 'acquire'] as const)(
  'counts no session that ends while its renewal waits for: %s',
  async (step) => {
    const session = await entered('a');
    const acquire = slots.acquire.bind(slots);
    const end = async (): Promise<void> => {
      session.leave();
      await store.leave(session, 'deleted');
    };
    jest.spyOn(slots, 'renew').mockImplementation(async () => {
      if (step === 'renew') await end();
      return false;
    });
    jest.spyOn(slots, 'acquire').mockImplementation(async (...args) => {
      if (step === 'acquire') await end();
      return acquire(...args);
    });
    await store.renew(session);
    expect(await placesTaken()).toBe(0);
  },
);

it('registers a live session again when the backplane has forgotten it, and not when it was ended', async () => {
  const session = await entered('a');
  await records.end('session:a', 0);
  expect(await store.renew(session)).toBe('ok');
  expect(await store.read('a')).toMatchObject({ owner: alice().key });
  await records.end('session:a', 60_000);
  expect([await store.renew(session), await store.save(session)]).toEqual(['ended', 'ended']);
  expect(await store.read('a')).toBe('ended');
});

it('keeps what two nodes store at the same time', async () => {
  const here = await entered('a');
  const there = await elsewhere('a');
  here.subscribe('app://news');
  there.subscribe('app://news2');
  await Promise.all([store.save(here), store.save(there)]);
  expect((await elsewhere('a')).subscriptions).toEqual(new Set(['app://news', 'app://news2']));
  here.unsubscribe('app://news');
  await store.save(here);
  expect((await elsewhere('a')).subscriptions).toEqual(new Set(['app://news2']));
});

it('keeps the newest token, whichever node writes last', async () => {
  const here = await entered('a');
  const there = await elsewhere('a');
  there.refreshToken(alice(3_000));
  here.refreshToken(alice(2_000));
  await store.save(there);
  await store.save(here);
  const { principal } = await elsewhere('a');
  expect(principal).toEqual(alice(3_000));
});

it('serves a session of this node for ten seconds of an outage, but not one that another node may have changed', async () => {
  const session = await entered('a');
  await store.refresh(session);
  jest.spyOn(records, 'read').mockRejectedValue(new BackplaneUnavailable('down'));
  const lag = jest.spyOn(node.bus, 'lagMs', 'get').mockReturnValue(9_999);
  expect(await store.read('a', session)).toBe(session.known);
  lag.mockReturnValue(10_000);
  await expect(store.read('a', session)).rejects.toThrow(BackplaneUnavailable);
  lag.mockReturnValue(0);
  session.changesHeard += 1;
  await expect(store.read('a', session)).rejects.toThrow(BackplaneUnavailable);
});

it('takes a session whose record cannot be read for one that other nodes may use', async () => {
  await entered('a');
  Object.assign(node.membership, { isAlone: false });
  expect([await store.mayBeInUse('a'), await store.mayBeInUse('b')]).toEqual([true, false]);
  jest.spyOn(records, 'read').mockRejectedValue(new BackplaneUnavailable('down'));
  expect(await store.mayBeInUse('b')).toBe(true);
});
