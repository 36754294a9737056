import * as loader from 'node:module';
import type { Stop } from './orderly-stop.js';

/** As `engines` of package.json has it. */
const OLDEST_NODE = '22.12.0';

/**
 * Runs a server as the whole of this process: `start` loads and starts it. SIGTERM and SIGINT stop it in order; a
 * start that fails ends the process with exit code 1 and says why.
 *
 * Imports nothing of the application: most of a start is loading code, and the compile cache is on before that.
 */
export async function runProcess(start: () => Promise<Stop>): Promise<void> {
  let stop: Stop = exit;
  // As process 1 of a container it has no default handlers: a start that is interrupted needs these as well.
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

/** By its number: an old Node would otherwise fail with the name of the first function that it lacks. */
function refuseOldNode(): void {
  const { node } = process.versions;
  if (node.localeCompare(OLDEST_NODE, 'en', { numeric: true }) >= 0) return;
  process.stderr.write(`This server needs Node ${OLDEST_NODE} or later; this is Node ${node}\n`);
  process.exit(1);
}
