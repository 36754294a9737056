import { Logger } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { BackplaneUnavailable } from '../../src/backplane/backplane-unavailable.error.js';
import { hasRedis, RedisProcess } from '../../src/backplane/fixtures/redis-process.fixture.js';
import { until } from '../../src/backplane/fixtures/until.fixture.js';
import { MailError } from '../../src/backplane/shared/mail.error.js';
import { assertClean, violations } from './support/checker.js';
import type { Asked, History, Run } from './support/history.js';
import { keysOf } from './support/redis-keys.js';
import { RedisNode } from './support/redis-node.js';
import { RedisProxy } from './support/redis.proxy.js';

const LONG_MS = 60_000;
const TOKEN = { issuer: 'https://i', jti: undefined, subject: 'alice', issuedAt: 1_000 };
const revocationOf = (tokenId: string) => {
  const now = Math.floor(Date.now() / 1_000);
  return { target: { kind: 'token', tokenId } as const, revokedAt: now, expiresAt: now + 600 };
};

interface Sent {
  readonly acknowledged: number[];
  readonly failed: number[];
}

const untilHeard = (heard: number[], n: number) => until(async () => heard.includes(n));
const isOrderedSet = (numbers: number[]) => numbers.every((n, at) => at === 0 || n > numbers[at - 1]!);

const markOf = (n: number): string => `mark-${n}`;

/** Mail as requests of one session: none runs twice. */
function historyOf({ acknowledged, failed }: Sent, run: readonly number[]): History {
  const statuses = [...acknowledged.map((n) => [n, 200] as const), ...failed.map((n) => [n, 503] as const)];
  const asked = statuses.map(([n, status]): Asked => {
    const mark = markOf(n);
    return { session: 'mail', mark, status, text: mark, retryAfter: '1' };
  });
  return { asked, runs: run.map((n): Run => ({ what: 'begin', mark: markOf(n), node: 'b' })) };
}

// Skipped where no redis-server is installed: hasRedis() writes so to standard error, and .ci/run installs one.
(hasRedis() ? describe : describe.skip)('what nodes share, while Redis', () => {
  let redis: RedisProcess;
  let proxies: [RedisProxy, RedisProxy];
  let a: RedisNode;
  let b: RedisNode;
  let prefix: string;

  beforeAll(() => Logger.overrideLogger(false));
  beforeEach(async () => {
    redis = await RedisProcess.start();
    proxies = [await RedisProxy.before(redis.port), await RedisProxy.before(redis.port)];
    prefix = randomUUID();
    a = await RedisNode.join(proxies[0].url, prefix);
    b = await RedisNode.join(proxies[1].url, prefix);
    await a.membership.beat();
  });
  afterEach(async () => {
    const keys = (await keysOf(redis)).map((key) => ({ ...key, name: key.name.replace(prefix, 'mcp') }));
    assertClean({ asked: [], runs: [], keys });
    await Promise.all([a.leave(), b.leave()]);
    for (const proxy of proxies) proxy.close();
    await redis.stop();
  });

  /** Publishes numbers and asks for each, until it is told to stop. */
  function traffic(): { stop(): Promise<{ published: Sent; asked: Sent; heard: number[]; run: number[] }> } {
    const heard: number[] = [];
    const run: number[] = [];
    const published: Sent = { acknowledged: [], failed: [] };
    const asked: Sent = { acknowledged: [], failed: [] };
    b.bus.on('n', (body) => heard.push(body as number));
    b.mail.on('n', (body) => {
      run.push(body as number);
      return body;
    });
    const stopped = new AbortController();
    const repeat = async (sent: Sent, send: (n: number) => Promise<unknown>): Promise<void> => {
      for (let n = 0; !stopped.signal.aborted; n += 1) {
        await send(n).then(
          () => sent.acknowledged.push(n),
          (error: unknown) => {
            if (!(error instanceof BackplaneUnavailable) && !(error instanceof MailError)) throw error;
            sent.failed.push(n);
          },
        );
        await sleep(1);
      }
    };
    const over = Promise.all([
      repeat(published, (n) => a.bus.publish('n', n)),
      repeat(asked, (n) => a.mail.ask(b.membership.self, 'n', n)),
    ]);
    return {
      stop: async () => {
        stopped.abort();
        await over;
        const last = await a.bus.publish('n', -1).then(() => -1);
        await untilHeard(heard, last);
        return { published, asked, heard, run };
      },
    };
  }

  it('has its connections killed again and again: nothing acknowledged is lost, nothing runs twice', async () => {
    let gaps = 0;
    b.bus.onGap(() => (gaps += 1));
    const load = traffic();
    for (let times = 0; times < 100; times += 1) {
      await redis.killClients();
      await sleep(60);
    }
    await until(async () => a.connection.status.outage === undefined && b.bus.isLive);
    const { published, asked, heard, run } = await load.stop();
    const received = heard.slice(0, -1);
    expect(received.filter((n) => !published.failed.includes(n))).toEqual(published.acknowledged);
    expect(isOrderedSet(received)).toBe(true);
    expect(asked.acknowledged.filter((n) => !run.includes(n))).toEqual([]);
    expect(violations(historyOf(asked, run))).toEqual([]);
    expect(asked.acknowledged.length).toBeGreaterThan(0);
    // A number that failed and was not written is a hole, and told; nothing else is.
    expect(gaps).toBeLessThanOrEqual(published.failed.length);
  });

  it('restarts with its data: no gap, no node is gone, all goes on', async () => {
    let gaps = 0;
    const gone: string[] = [];
    b.bus.onGap(() => (gaps += 1));
    for (const node of [a, b]) node.membership.on('gone', (id) => gone.push(id));
    await a.records.create('k', { n: '1' }, LONG_MS);
    await redis.restart('keep', 2_000);
    await until(async () => a.bus.isLive && b.bus.isLive);
    await until(async () => (await b.records.read('k')) !== undefined);
    const heard: unknown[] = [];
    b.bus.on('after', (body) => heard.push(body));
    await a.bus.publish('after', 1);
    await until(async () => heard.length === 1);
    expect([gaps, gone]).toEqual([0, []]);
  });

  it('loses all data: nodes are told and write revocations again; for a while a missing record proves nothing', async () => {
    let gaps = 0;
    const replaced = new Set<string>();
    b.bus.onGap(() => (gaps += 1));
    for (const node of [a, b]) node.membership.on('replaced', (id) => replaced.add(id));
    await until(async () => a.membership.isSteady && b.bus.isLive);
    await a.revocations.revoke(revocationOf('t1'));
    const steadyAtFirst: boolean[] = [];
    a.connection.onceMoreReady(() => steadyAtFirst.push(a.membership.isSteady));
    await redis.restart('lose');
    await until(async () => replaced.size === 2 && gaps > 0);
    expect([...steadyAtFirst, a.membership.isSteady]).toEqual(steadyAtFirst.map(() => false).concat(false));
    expect(steadyAtFirst.length).toBeGreaterThan(0);
    expect(a.membership.stateOf('unknown')).toBe('unsure');
    // That no revocation was found is not remembered now.
    const unknown = { ...TOKEN, tokenId: 'unknown' };
    expect(await a.revocations.isRevoked(unknown)).toBe(false);
    expect(a.revocations.isRevoked(unknown)).toBeInstanceOf(Promise);
    // The inbox is there again.
    b.mail.on('n', (body) => body);
    await until(async () => (await a.mail.ask(b.membership.self, 'n', 1).catch(() => 0)) === 1);
    const late = await RedisNode.join(redis.url, a.connection.key('', '').split(':')[0]!);
    await until(async () => late.revocations.isRevoked({ ...TOKEN, tokenId: 't1' }));
    await late.leave();
    await until(async () => a.membership.isSteady);
    expect(a.membership.stateOf('unknown')).toBe('gone');
  });

  it('loses all data while a node cannot write: it has its mail again once it can', async () => {
    const { redis: commands } = b.connection as unknown as { readonly redis: Redis };
    // It does not come back by itself.
    commands.disconnect();
    // Longer than a command waits for its connection.
    await until(async () => b.connection.status.outageMs > 1_000);
    const gap = jest.spyOn(b.mail, 'gap');
    await redis.restart('lose');
    await until(async () => gap.mock.calls.length > 0);
    await commands.connect();
    b.mail.on('n', (body) => body);
    await until(async () => (await a.mail.ask(b.membership.self, 'n', 1).catch(() => 0)) === 1);
  });

  it('is frozen: commands fail in time, mail of then is not run, no node is gone', async () => {
    const gone: string[] = [];
    const run: unknown[] = [];
    for (const node of [a, b]) node.membership.on('gone', (id) => gone.push(id));
    b.mail.on('n', (body) => run.push(body));
    await until(async () => a.bus.isLive && a.membership.isSteady);
    expect(await a.revocations.isRevoked({ ...TOKEN, tokenId: 'known' })).toBe(false);
    redis.freeze();
    const asked = a.mail.ask(b.membership.self, 'n', 1);
    await expect(asked).rejects.toMatchObject({ name: 'MailError' });
    // The grace: known tokens are served, unknown ones are not.
    expect(await a.revocations.isRevoked({ ...TOKEN, tokenId: 'known' })).toBe(false);
    await expect(a.revocations.isRevoked({ ...TOKEN, tokenId: 'new' })).rejects.toThrow(BackplaneUnavailable);
    const limit = { count: 2, periodMs: 3_600_000 };
    const verdicts = [await a.limits.take('k', limit), await a.limits.take('k', limit)];
    expect(verdicts.map(({ allowed }) => allowed)).toEqual([true, false]);
    await sleep(6_000);
    redis.thaw();
    await until(async () => a.bus.isLive && b.bus.isLive);
    await until(async () => (await a.mail.ask(b.membership.self, 'n', 2).catch(() => 0)) !== 0);
    expect(run).toEqual([2]);
    expect(gone).toEqual([]);
  });

  it('has no memory left: what is there goes on, what would be new is refused by name', async () => {
    await a.records.create('k', { n: '1' }, LONG_MS);
    await redis.limitMemory(1);
    const oom = { name: 'BackplaneUnavailable', reason: 'oom' };
    await expect(a.records.create('new', { n: '1' }, LONG_MS)).rejects.toMatchObject(oom);
    await expect(a.records.patch('k', { set: { n: '2' } })).rejects.toMatchObject(oom);
    await expect(a.revocations.revoke(revocationOf('t1'))).rejects.toMatchObject(oom);
    expect(await b.records.read('k', LONG_MS)).toEqual({ n: '1' });
    expect(await b.records.extend(['k'], LONG_MS)).toEqual(['ok']);
    expect((await a.limits.take('l', { count: 2, periodMs: 60_000 })).allowed).toBe(true);
    await until(async () => a.bus.isLive && b.bus.isLive);
    await redis.limitMemory(0);
    expect(await a.records.patch('k', { set: { n: '2' } })).toBe('ok');
  });

  it('is half a second away: the bus is live, limits are decided here, mail arrives', async () => {
    for (const proxy of proxies) proxy.delay(500);
    b.mail.on('n', (body) => body);
    expect(await a.mail.ask(b.membership.self, 'n', 1)).toBe(1);
    // For a second without a break. A pause of this process is one.
    for (let live = 0; live < 20; await sleep(50)) live = a.bus.isLive && b.bus.isLive ? live + 1 : 0;
    expect((await a.limits.take('l', { count: 1, periodMs: LONG_MS })).allowed).toBe(true);
  });

  it('is out of reach for one node: the others count it as gone, and it learns that when it is back', async () => {
    const events: string[] = [];
    a.membership.on('gone', (id) => events.push(id === b.membership.self ? 'b is gone' : id));
    b.membership.on('fenced', () => events.push('b is fenced'));
    proxies[1].blackhole();
    await until(async () => !b.bus.isLive);
    await until(async () => b.membership.stateOf(a.membership.self) === 'unsure');
    await until(async () => events.length === 1);
    await expect(a.mail.ask(b.membership.self, 'n', 1)).rejects.toMatchObject({ problem: 'gone' });
    proxies[1].blackhole(false);
    await until(async () => events.length === 2);
    expect(events).toEqual(['b is gone', 'b is fenced']);
    b.mail.on('n', (body) => body);
    await until(async () => (await a.mail.ask(b.membership.self, 'n', 1).catch(() => 0)) === 1);
  });
});
