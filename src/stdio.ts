import { syncBuiltinESMExports } from 'node:module';
import { prepareRuntime } from './runtime.js';

const { stdin: input, stdout: output } = process;
// Standard output belongs to the protocol. What anybody else writes to it (a tool's console.log, a library)
// would end the conversation: it goes to the log.
Object.defineProperty(process, 'stdout', { configurable: true, enumerable: true, get: () => process.stderr });
syncBuiltinESMExports();

/** Ends the process in order, from the moment on that there is something to end. */
let stop = (_signal: string): void => process.exit(0);

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop(signal));

prepareRuntime();

try {
  const { startStdio } = await import('./stdio.start.js');
  stop = await startStdio(input, output);
} catch (error) {
  const { endUnstarted } = await import('./start.failure.js');
  endUnstarted(error);
}
