import { redisPrefix, redisUrl } from './network-formats.js';
import { same, type Setting, described } from './setting.js';
import { duration } from './value-formats.js';

/** The settings of one node among several, and of its shutdown. A part of the settings table. */
export const NODE_SETTINGS = {
  REDIS_URL: {
    description:
      'Redis or Valkey that all nodes share: redis://, rediss:// or redis+sentinel://; see scale-out.md.',
    schema: redisUrl,
    defaults: same(described('none: one node, in memory')),
    example: 'rediss://mcp:password@redis.example.com:6379',
  },
  REDIS_PREFIX: {
    description: 'Prefix of the names of all keys in Redis; each server needs its own.',
    schema: redisPrefix,
    defaults: same('mcp'),
    example: 'mcp',
  },
  SHUTDOWN_DELAY: {
    description: 'Time after SIGTERM in which the server is not ready but still serves, before it drains.',
    schema: duration('0s', '10m'),
    defaults: { development: described('0s'), production: described('5s with REDIS_URL, else 0s') },
    example: '5s',
  },
  SHUTDOWN_GRACE: {
    description: 'Time to drain after SIGTERM and SHUTDOWN_DELAY.',
    schema: duration('0s', '10m'),
    defaults: { development: '2s', production: '25s' },
    example: '25s',
  },
} as const satisfies Readonly<Record<string, Setting>>;
