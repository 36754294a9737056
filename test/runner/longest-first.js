import TestSequencer from '@jest/test-sequencer';
import { relative, sep } from 'node:path';

/** Seconds of the longest files on a busy machine: they start many processes, or wait long. The others run beside them. */
const LONG = {
  'test/limits/budgets.e2e.ts': 60,
  'test/lifecycle/bundle.e2e.ts': 50,
  'test/testing/conformance.e2e.ts': 45,
  'test/docs/guides.e2e.ts': 45,
  'test/lifecycle/stdio-lifecycle.e2e.ts': 36,
  'test/transports/clients.e2e.ts': 35,
  'test/limits/body-memory.e2e.ts': 35,
  'test/library/generators.e2e.ts': 30,
  'test/attacks/fuzz.e2e.ts': 20,
  'test/limits/unread-replies.e2e.ts': 18,
  'test/attacks/mcp-isolation.e2e.ts': 18,
  'test/lifecycle/start.e2e.ts': 16,
  'test/transports/stdio-lines.e2e.ts': 15,
  'test/limits/rate-limits.e2e.ts': 15,
  'test/records/audit-loss.e2e.ts': 14,
  'test/limits/pipelining.e2e.ts': 13,
  'test/transports/lost-connections.e2e.ts': 13,
  'src/backplane/redis/redis-engine.spec.ts': 13,
  'test/transports/ended-replies.e2e.ts': 12,
  'test/primitives/resource-subscriptions.e2e.ts': 12,
  'test/lifecycle/shutdown.e2e.ts': 11,
  'test/attacks/http-connection.e2e.ts': 10,
  'test/limits/kept-alive.e2e.ts': 10,
  'src/backplane/memory/memory-engine.spec.ts': 10,
  'test/lifecycle/shutdown-under-load.e2e.ts': 9,
  'src/auth/issuers/issuer.keys.spec.ts': 6,
  // Of npm run test:cluster.
  'test/cluster/planted.e2e.ts': 70,
  'test/cluster/frozen.e2e.ts': 65,
  'test/cluster/rolling.e2e.ts': 60,
  'test/cluster/redis-faults.e2e.ts': 60,
  'test/cluster/stalls.e2e.ts': 50,
  'test/cluster/failures.e2e.ts': 50,
  'test/cluster/shared-state.e2e.ts': 40,
  'test/cluster/backplane-faults.e2e.ts': 40,
  'test/cluster/deaf-node.e2e.ts': 30,
  'test/cluster/diverging.e2e.ts': 30,
  'test/cluster/boot.e2e.ts': 25,
  'test/cluster/session-limit.e2e.ts': 20,
  'test/cluster/nodes.e2e.ts': 20,
  'test/cluster/joined-node.e2e.ts': 15,
  'test/cluster/streams-outage.e2e.ts': 15,
};

/** Starts the longest files first, as Jest does after the first run on a machine: the last ones do not run alone. */
export default class LongestFirst extends TestSequencer {
  /** In milliseconds. */
  time(test) {
    const path = relative(test.context.config.rootDir, test.path).replaceAll(sep, '/');
    return super.time(test) ?? 1_000 * (LONG[path] ?? (path.startsWith('test/') ? 3 : 1));
  }
}
