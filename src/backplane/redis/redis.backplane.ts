import { Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { BackplaneRefused } from '../backplane-refused.error.js';
import type { BackplaneNode } from '../shared/backplane-node.js';
import { checkRedis } from './redis.boot-check.js';
import type { RedisConnection } from './redis.connection.js';
import type { RedisRateLimiter } from './redis-rate.limiter.js';

/** How long the start waits for the server. After that the node starts, and is not ready. */
const START_MS = 5_000;
/** Interval at which expired entries are removed, and joining is retried. */
const TICK_MS = 10_000;

/** Lets this node join the others, and leave after all writers have stopped. */
export class RedisBackplane implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('Backplane');
  private timer: NodeJS.Timeout | undefined;
  private joining: Promise<void> | undefined;

  constructor(
    private readonly connection: RedisConnection,
    private readonly node: BackplaneNode,
    private readonly limits: RedisRateLimiter,
    private readonly url: string,
    /** Equal on all nodes of one server. */
    private readonly fingerprint: string,
  ) {}

  async onModuleInit(): Promise<void> {
    try {
      await this.connection.whenReady(START_MS);
      await this.join();
    } catch (error) {
      const refusal = this.refusalOf(error);
      if (refusal !== undefined) {
        this.connection.close();
        throw refusal;
      }
      this.logger.warn({ event: 'backplane.unreachable', err: error });
    }
    this.connection.onceMoreReady(() => {
      this.node.membership.doubt();
      void this.onReady();
    });
    this.timer = setInterval(() => this.tick(), TICK_MS);
    this.timer.unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.node.stop();
    this.connection.close();
  }

  private tick(): void {
    this.limits.sweep();
    this.node.revocations.sweep();
    // The connection may work while writing fails, for example without memory.
    if (this.connection.status.obstacle !== undefined) void this.onReady();
  }

  private async onReady(): Promise<void> {
    try {
      if (this.connection.status.obstacle === undefined) await this.node.membership.beat();
      else await (this.joining ??= this.join().finally(() => (this.joining = undefined)));
    } catch (error) {
      const refusal = this.refusalOf(error);
      if (refusal === undefined || this.connection.status.obstacle === 'backplane_refused') return;
      this.connection.status.refused();
      this.logger.fatal({ event: 'backplane.refused', err: refusal });
    }
  }

  /** Undefined: a retry may succeed. */
  private refusalOf(error: unknown): BackplaneRefused | undefined {
    if (error instanceof BackplaneRefused) return error;
    const { refusal } = this.connection;
    if (refusal === undefined) return undefined;
    return new BackplaneRefused(`it answers ${refusal}`, 'Check the user and the password in REDIS_URL.');
  }

  private async join(): Promise<void> {
    for (const reason of await checkRedis(this.connection, this.url)) {
      this.logger.warn({ event: 'backplane.weak', reason });
    }
    await this.node.start();
    const others = this.node.membership.all.filter(({ state }) => state === 'alive');
    if (others.some(({ info }) => info['server'] !== this.fingerprint)) {
      await this.node.stop();
      throw new BackplaneRefused(
        'a server with another PUBLIC_URL or another JWT_SECRET uses the same REDIS_PREFIX',
        'Give all nodes of one server the same PUBLIC_URL and JWT_SECRET, and each server a REDIS_PREFIX of its own.',
      );
    }
    this.connection.status.joined();
    this.logger.log({
      event: 'backplane.joined',
      node: this.node.membership.self,
      nodes: this.node.membership.size,
    });
  }
}
