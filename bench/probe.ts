/**
 * Preloaded into each server process: tells the benchmark, over IPC, what CPU time the process has used and
 * what its heap holds after garbage collection. It does nothing until it is asked.
 */
import { Session } from 'node:inspector/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
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

/** Bytes of the process in memory, after garbage collection. */
async function resident(): Promise<number> {
  await heap();
  return process.memoryUsage.rss();
}

const delays = monitorEventLoopDelay({ resolution: 5 });

/** Milliseconds by which 99 of 100 turns of the event loop were late at most, since it was asked last. */
function loopDelay(): number {
  delays.enable();
  const p99 = delays.percentile(99) / 1e6;
  delays.reset();
  return p99;
}

let profiler: Session | undefined;

/** From here on V8 counts the calls of each function. */
async function countCalls(): Promise<void> {
  if (profiler === undefined) {
    profiler = new Session();
    profiler.connect();
    await profiler.post('Profiler.enable');
  }
  await profiler.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
}

/** The functions that were called since then, by the address of their file. */
async function calledSince(): Promise<Readonly<Record<string, readonly string[]>>> {
  const { result } = await profiler!.post('Profiler.takePreciseCoverage');
  await profiler!.post('Profiler.stopPreciseCoverage');
  const called = result.map(({ url, functions }) => {
    const names = functions
      .filter(({ ranges }) => ranges[0]!.count > 0)
      .map(({ functionName }) => functionName || '(anonymous)');
    return [url, names] as const;
  });
  return Object.fromEntries(called.filter(([, names]) => names.length > 0));
}

const commands: Readonly<Record<string, () => unknown>> = {
  cpu,
  heap,
  resident,
  loopDelay,
  countCalls,
  calledSince,
};

process.on('message', ({ id, command }: Question) => {
  void (async () => process.send?.({ id, value: await commands[command]!() }))();
});
// Asking is not what keeps a server running.
process.channel?.unref();
