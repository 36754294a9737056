import { type DynamicModule, Global, Module } from '@nestjs/common';
import { BackplaneStatus } from './backplane.status.js';
import { Beats } from './beats.js';
import { Logs } from './logs.js';
import { MEMORY_PROVIDERS } from './memory/memory.providers.js';
import { RateLimiter } from './rate-limiter.js';
import { Records } from './records.js';
import type { RedisTarget } from './redis/redis.connection.js';
import { redisProviders } from './redis/redis.providers.js';
import { EventStore } from './event-store.js';
import { RevocationStore } from './revocation-store.js';
import { BackplaneNode } from './shared/backplane-node.js';
import { ConcurrencyLimiter } from './concurrency-limiter.js';

export interface BackplaneOptions {
  /** Undefined: the memory of this process, and one node. */
  readonly redis?: RedisTarget | undefined;
  /** Equal on all nodes of one server. A node of another server that uses the same prefix is refused. */
  readonly fingerprint?: string;
}

const PORTS = [
  BackplaneNode,
  BackplaneStatus,
  Beats,
  Logs,
  RateLimiter,
  Records,
  EventStore,
  RevocationStore,
  ConcurrencyLimiter,
];

/** The shared state of the nodes, as a few small ports. */
@Global()
@Module({})
export class BackplaneModule {
  static forRoot({ redis, fingerprint = '' }: BackplaneOptions = {}): DynamicModule {
    const providers = redis === undefined ? MEMORY_PROVIDERS : redisProviders(redis, fingerprint);
    return { module: BackplaneModule, providers, exports: PORTS };
  }
}
