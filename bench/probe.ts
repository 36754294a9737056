/**
 * Preloaded into each server process: tells the benchmark, over IPC, what CPU time the process has used and
 * what its heap holds after garbage collection. It does nothing until it is asked.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Question } from './child.ts';

const COLLECTIONS = 6;
const PAUSE_MS = 120;

/** Microseconds of CPU, user and system, of all threads of the process since it began. */
function cpu(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** Bytes of live heap. Several collections, since what is closed is let go of over several turns. */
async function heap(): Promise<number> {
  for (let round = 0; round < COLLECTIONS; round += 1) {
    globalThis.gc?.();
    await pause(PAUSE_MS);
  }
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

process.on('message', ({ id, command }: Question) => {
  void (async () => process.send?.({ id, value: command === 'cpu' ? cpu() : await heap() }))();
});
// Asking is not what keeps a server running.
process.channel?.unref();
