import { BackplaneStatus } from '../../../src/backplane/backplane.status.js';
import type { BeatTimes } from '../../../src/backplane/beats.js';
import { RedisBeats } from '../../../src/backplane/redis/redis-beats.js';
import { RedisLogs } from '../../../src/backplane/redis/redis-logs.js';
import { RedisRateLimiter } from '../../../src/backplane/redis/redis-rate.limiter.js';
import { RedisRecords } from '../../../src/backplane/redis/redis-records.js';
import { RedisConcurrencyLimiter } from '../../../src/backplane/redis/redis-concurrency.limiter.js';
import { RedisConnection } from '../../../src/backplane/redis/redis.connection.js';
import { BackplaneNode } from '../../../src/backplane/shared/backplane-node.js';

/** A third of the real ones. */
export const TIMES: BeatTimes = { unsureMs: 2_000, goneMs: 4_000 };

/** A node's part of the backplane, without the server around it. */
export class RedisNode extends BackplaneNode {
  readonly records: RedisRecords;
  readonly logs: RedisLogs;
  readonly limits: RedisRateLimiter;
  readonly slots: RedisConcurrencyLimiter;

  private constructor(readonly connection: RedisConnection) {
    const logs = new RedisLogs(connection);
    const records = new RedisRecords(connection);
    super({ logs, records, beats: new RedisBeats(connection, TIMES) }, {}, TIMES);
    this.logs = logs;
    this.records = records;
    this.limits = new RedisRateLimiter(connection, () => this.membership.size);
    this.slots = new RedisConcurrencyLimiter(connection);
    connection.onceMoreReady(() => {
      this.membership.doubt();
      this.membership.beat().catch(() => undefined);
    });
  }

  /** At `url`, among the nodes that share `prefix`. */
  static async join(url: string, prefix: string): Promise<RedisNode> {
    const connection = await RedisConnection.open({ url, prefix }, new BackplaneStatus(true));
    await connection.whenReady(5_000);
    const node = new RedisNode(connection);
    await node.start();
    return node;
  }

  async leave(): Promise<void> {
    await this.stop();
    this.connection.close();
  }
}
