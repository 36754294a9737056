import { randomUUID } from 'node:crypto';
import { backplaneContract } from '../backplane.contract.js';
import { BackplaneStatus } from '../backplane.status.js';
import { hasRedis, RedisProcess } from '../fixtures/redis-process.fixture.js';
import { SharedEventStore } from '../shared/shared-event.store.js';
import { RedisBeats } from './redis-beats.js';
import { RedisLogs } from './redis-logs.js';
import { RedisRateLimiter } from './redis-rate.limiter.js';
import { RedisRecords } from './redis-records.js';
import { RedisConcurrencyLimiter } from './redis-concurrency.limiter.js';
import { RedisConnection } from './redis.connection.js';

/** Time limit of connecting, and of a verdict, after which a node would decide alone. High, since a busy machine is slow. */
const LIMIT_MS = 30_000;

// Skipped where no redis-server is installed: hasRedis() writes so to standard error, and .ci/run installs one.
(hasRedis() ? describe : describe.skip)('over Redis', () => {
  let server: RedisProcess;
  const connections = new Set<RedisConnection>();

  beforeAll(async () => {
    server = await RedisProcess.start('--appendonly', 'no');
  });

  backplaneContract('redis', (nodes, times) => {
    const prefix = randomUUID();
    return Promise.all(
      Array.from({ length: nodes }, async () => {
        const connection = await RedisConnection.open({ url: server.url, prefix }, new BackplaneStatus(true));
        connections.add(connection);
        await connection.whenReady(LIMIT_MS);
        const logs = new RedisLogs(connection);
        return {
          beats: new RedisBeats(connection, times),
          limits: new RedisRateLimiter(connection, () => nodes, LIMIT_MS),
          logs,
          records: new RedisRecords(connection),
          events: new SharedEventStore(logs),
          slots: new RedisConcurrencyLimiter(connection),
        };
      }),
    );
  });

  // After the nodes over them have stopped.
  afterEach(() => {
    for (const connection of connections) connection.close();
    connections.clear();
  });
});
