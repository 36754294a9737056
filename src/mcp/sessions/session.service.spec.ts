import { Logger } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { setImmediate as turn } from 'node:timers/promises';
import {
  BackplaneModule,
  BackplaneNode,
  Records,
  EventStore,
  RevocationStore,
  ConcurrencyLimiter,
} from '../../backplane/index.js';
import type { McpModuleOptions } from '../mcp.options.js';
import type { AbortCause } from './peer.js';
import type { Principal } from '../authorization/principal.js';
import { SessionTimer } from './session.timer.js';
import { SessionDrain } from './session.drain.js';
import { SessionStore } from './session.store.js';
import { SessionService } from './session.service.js';

Logger.overrideLogger(false);

const OPTIONS = {
  sessionMaxMs: 3_600_000,
  sessionIdleMs: 60_000,
  sessionsPerPrincipal: 2,
  heartbeatMs: 15_000,
} as McpModuleOptions;
const TRANSPORT = 'streamable-http';
const ENVELOPE = {
  protocolVersion: '2026-07-28',
  client: undefined,
  clientCapabilities: {},
  logLevel: undefined,
};

const alice: Principal = {
  subject: 'alice',
  issuer: 'i',
  clientId: '',
  scopes: [],
  roles: [],
  claims: {},
  tokenId: 't',
  jti: undefined,
  issuedAt: 0,
  expiresAt: Date.now() + 7_200_000,
  refusedFrom: Date.now() + 7_200_000,
  key: 'alice',
  userKey: 'alice',
};

let records: Records;
let revocations: RevocationStore;
let slots: ConcurrencyLimiter;
let service: SessionService;

beforeEach(async () => {
  const backplane = await Test.createTestingModule({ imports: [BackplaneModule.forRoot()] }).compile();
  // Acts as one of several nodes.
  const node = backplane.get(BackplaneNode);
  Object.assign(node.membership, { isAlone: false });
  records = backplane.get(Records);
  revocations = backplane.get(RevocationStore);
  slots = backplane.get(ConcurrencyLimiter);
  const ledger = new SessionStore(records, backplane.get(EventStore), slots, node, OPTIONS);
  service = new SessionService(ledger, revocations, OPTIONS);
});

/** Delays a method of a port until the returned function is called. */
function hold<Port extends object>(port: Port, method: keyof Port): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  const go = (port[method] as (...args: unknown[]) => unknown).bind(port);
  Object.assign(port, { [method]: (...args: unknown[]) => promise.then(() => go(...args)) });
  return resolve;
}

describe('a session', () => {
  it('whose place is granted after the server has begun to stop is not opened, and releases the place', async () => {
    const letGo = hold(slots, 'acquire');
    const opened = service.open(alice, TRANSPORT);
    service.isDraining = true;
    letGo();
    await expect(opened).rejects.toMatchObject({ reason: 'shutting_down' });
    expect([service.size, (await slots.holders('sessions:alice')).length]).toEqual([0, 0]);
  });

  it('is found and loaded over its own transport only', async () => {
    const sse = await service.open(alice, 'http-sse');
    const streamable = await service.open(alice, TRANSPORT);
    expect(service.find(sse.id, alice, 'http-sse')).toBe(sse);
    expect(() => service.find(streamable.id, alice, 'http-sse')).toThrow('no such session');
    expect(await service.load(streamable.id, alice, TRANSPORT)).toBe(streamable);
    await expect(service.load(sse.id, alice, TRANSPORT)).rejects.toThrow('no such session');
  });

  it('keeps changes that are not stored yet', async () => {
    const session = await service.open(alice, TRANSPORT);
    session.setLogLevel('emergency');
    await service.load(session.id, alice, TRANSPORT);
    expect(session.wantsLog('alert')).toBe(false);
  });

  it('ends here too once a request finds its tombstone', async () => {
    const session = await service.open(alice, TRANSPORT);
    session.changesHeard += 1;
    await records.end(`session:${session.id}`, 60_000);
    await expect(service.load(session.id, alice, TRANSPORT)).rejects.toThrow('no such session');
    expect(service.holds(session)).toBe(false);
  });

  it('that has ended is not stored again', async () => {
    const session = await service.open(alice, TRANSPORT);
    service.close(session, 'deleted');
    await service.save(session);
    expect(await records.read(`session:${session.id}`)).toBe('ended');
  });
});

/** Idle sessions end now. */
const idle = () => service.closeExpired(Date.now() + OPTIONS.sessionIdleMs);

describe('an idle session', () => {
  it('that another node uses is evicted here, and lives on there', async () => {
    const session = await service.open(alice, TRANSPORT);
    idle();
    await turn();
    expect(service.holds(session)).toBe(false);
    expect(await records.read(`session:${session.id}`)).toMatchObject({ o: 'alice' });
  });

  it('ends where it is not used, and gives its place back', async () => {
    const session = await service.open(alice, TRANSPORT);
    await records.end(`session:${session.id}`, 1);
    idle();
    await turn();
    expect([service.holds(session), (await slots.holders('sessions:alice')).length]).toEqual([false, 0]);
  });

  it('stays where it is used again during this check', async () => {
    const session = await service.open(alice, TRANSPORT);
    await records.end(`session:${session.id}`, 1);
    const letGo = hold(records, 'read');
    idle();
    session.calls.add(1, { abort: () => {} });
    letGo();
    await turn();
    expect(service.holds(session)).toBe(true);
  });
});

describe('a stateless peer', () => {
  it('ends with its token', () => {
    const visit = service.receive(alice, ENVELOPE);
    const causes: AbortCause[] = [];
    visit.calls.add(1, { abort: (cause) => causes.push(cause) });
    service.closeExpired(alice.expiresAt - 1);
    expect([service.holds(visit), causes]).toEqual([true, []]);
    service.closeExpired(alice.expiresAt);
    expect([service.holds(visit), causes]).toEqual([false, ['token_expired']]);
  });

  it('with a subscription does not delay the drain, which ends the subscription', async () => {
    const visit = service.receive(alice, ENVELOPE);
    const causes: AbortCause[] = [];
    visit.calls.add(1, { isStanding: true, abort: (cause) => causes.push(cause) });
    await new SessionDrain(service).run(60_000);
    expect(causes).toContain('shutdown');
  });
});

describe('with the application', () => {
  it('all sessions end, and no revocation is listened for any more', async () => {
    service.onModuleInit();
    const before = await service.open(alice, TRANSPORT);
    service.onModuleDestroy();
    expect(service.holds(before)).toBe(false);
    const later = await service.open(alice, TRANSPORT);
    const target = { kind: 'token', tokenId: alice.tokenId } as const;
    await revocations.revoke({ target, revokedAt: 0, expiresAt: Date.now() / 1_000 + 60 });
    expect(service.holds(later)).toBe(true);
  });

  it('the session timer stops', () => {
    jest.useFakeTimers();
    const clock = new SessionTimer(service, undefined as never, undefined as never, OPTIONS);
    clock.onModuleInit();
    expect(jest.getTimerCount()).toBe(1);
    clock.onModuleDestroy();
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });
});
