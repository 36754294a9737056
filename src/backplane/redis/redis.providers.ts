import type { Provider } from '@nestjs/common';
import { BackplaneStatus } from '../backplane.status.js';
import { Beats } from '../beats.js';
import { Logs } from '../logs.js';
import { RateLimiter } from '../rate-limiter.js';
import { Records } from '../records.js';
import { EventStore } from '../event-store.js';
import { RevocationStore } from '../revocation-store.js';
import { BackplaneNode } from '../shared/backplane-node.js';
import { FreeingLimiter } from '../shared/freeing.limiter.js';
import { SharedEventStore } from '../shared/shared-event.store.js';
import { ConcurrencyLimiter } from '../concurrency-limiter.js';
import { RedisBeats } from './redis-beats.js';
import { RedisLogs } from './redis-logs.js';
import { RedisRateLimiter } from './redis-rate.limiter.js';
import { RedisRecords } from './redis-records.js';
import { RedisConcurrencyLimiter } from './redis-concurrency.limiter.js';
import { RedisBackplane } from './redis.backplane.js';
import { RedisConnection, type RedisTarget } from './redis.connection.js';

/** A port of the engine that needs only the connection. */
function over(port: symbol, Engine: new (connection: RedisConnection) => unknown): Provider {
  return {
    provide: port,
    inject: [RedisConnection],
    useFactory: (connection: RedisConnection) => new Engine(connection),
  };
}

/** The engine on Redis, shared by all nodes. `fingerprint`: equal on all nodes of one server. */
export function redisProviders(target: RedisTarget, fingerprint: string): Provider[] {
  return [
    { provide: BackplaneStatus, useValue: new BackplaneStatus(true) },
    {
      provide: RedisConnection,
      inject: [BackplaneStatus],
      useFactory: (status: BackplaneStatus) => RedisConnection.open(target, status),
    },
    over(Records, RedisRecords),
    over(Logs, RedisLogs),
    over(Beats, RedisBeats),
    {
      provide: ConcurrencyLimiter,
      inject: [RedisConnection, BackplaneNode],
      useFactory: (connection: RedisConnection, { membership }: BackplaneNode) =>
        new FreeingLimiter(new RedisConcurrencyLimiter(connection), membership),
    },
    { provide: EventStore, inject: [Logs], useFactory: (logs: Logs) => new SharedEventStore(logs) },
    {
      provide: BackplaneNode,
      inject: [Records, Logs, Beats],
      useFactory: (records: Records, logs: Logs, beats: Beats) =>
        new BackplaneNode({ records, logs, beats }, { server: fingerprint }),
    },
    {
      provide: RevocationStore,
      inject: [BackplaneNode],
      useFactory: ({ revocations }: BackplaneNode) => revocations,
    },
    {
      provide: RateLimiter,
      inject: [RedisConnection, BackplaneNode],
      useFactory: (connection: RedisConnection, { membership }: BackplaneNode) =>
        new RedisRateLimiter(connection, () => membership.size),
    },
    {
      provide: RedisBackplane,
      inject: [RedisConnection, BackplaneNode, RateLimiter],
      useFactory: (connection: RedisConnection, node: BackplaneNode, limits: RedisRateLimiter) =>
        new RedisBackplane(connection, node, limits, target.url, fingerprint),
    },
  ];
}
