import { prepareRuntime } from './runtime.js';

/** Ends the process in order, from the moment on that there is something to end. */
let stop = (_signal: string): void => process.exit(0);

// As process 1 of a container nothing else ends it: also a start that is interrupted.
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop(signal));

prepareRuntime();

try {
  const { start } = await import('./app.start.js');
  stop = await start();
} catch (error) {
  const { endUnstarted } = await import('./start.failure.js');
  endUnstarted(error);
}
