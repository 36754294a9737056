import TestSequencer from '@jest/test-sequencer';
import { relative, sep } from 'node:path';

/** Seconds that files take which start many processes or wait long: the others run beside them. */
const LONG = {
  'test/transports/clients.e2e.ts': 60,
  'test/limits/budgets.e2e.ts': 60,
  'test/library/generators.e2e.ts': 45,
  'test/lifecycle/stdio-lifecycle.e2e.ts': 40,
  'test/limits/body-memory.e2e.ts': 35,
  'test/testing/conformance.e2e.ts': 35,
  'test/docs/guides.e2e.ts': 30,
  'test/lifecycle/bundle.e2e.ts': 30,
  'test/limits/pipelining.e2e.ts': 28,
  'test/records/audit-loss.e2e.ts': 25,
  'test/transports/stdio-lines.e2e.ts': 20,
  'test/lifecycle/start.e2e.ts': 20,
  'test/transports/slow-clients.e2e.ts': 20,
  'test/attacks/mcp-isolation.e2e.ts': 20,
  'test/lifecycle/shutdown-under-load.e2e.ts': 20,
  'test/attacks/fuzz.e2e.ts': 20,
  'test/lifecycle/shutdown.e2e.ts': 15,
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
