import * as loader from 'node:module';
import type { Stop } from './orderly-stop.js';

/** Same as `engines` in package.json. */
const OLDEST_NODE = { major: 22, minor: 12 } as const;

/**
 * Runs a server as this process: `start` loads and starts it. SIGTERM and SIGINT stop it in order. A failed start ends
 * the process with exit code 1 and the reason.
 *
 * Imports nothing of the application: loading code dominates the start, and the compile cache must be on before.
 */
export async function runProcess(start: () => Promise<Stop>): Promise<void> {
  let stop: Stop = exit;
  // Process 1 of a container has no default signal handlers, so an interrupted start needs these too.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop(signal));
  refuseOldNode();
  loader.enableCompileCache();
  try {
    stop = await start();
  } catch (error) {
    const { exitWithStartFailure } = await import('./start-failure.js');
    exitWithStartFailure(error);
  }
}

function exit(): void {
  process.exit(0);
}

/** Compares the version number: an old Node would otherwise fail with the name of a missing function. */
function refuseOldNode(): void {
  const { node } = process.versions;
  const [major, minor] = node.split('.').map(Number) as [number, number];
  if (major > OLDEST_NODE.major || (major === OLDEST_NODE.major && minor >= OLDEST_NODE.minor)) return;
  const oldest = `${OLDEST_NODE.major}.${OLDEST_NODE.minor}`;
  process.stderr.write(`This server needs Node ${oldest} or later; this is Node ${node}\n`);
  process.exit(1);
}
