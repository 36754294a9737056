/**
 * Preloaded into each server process. On request over IPC, it reports the CPU time of the process and its heap after
 * garbage collection. Otherwise it does nothing.
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

/** Bytes of live heap. Runs several collections, since closed objects are released over several turns. */
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

/** 99th percentile of the delay of the event loop since the last request, in milliseconds. */
function loopDelay(): number {
  delays.enable();
  const p99 = delays.percentile(99) / 1e6;
  delays.reset();
  return p99;
}

let profiler: Session | undefined;

/** From now on V8 counts the calls of each function. */
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
// The IPC channel must not keep the server running.
process.channel?.unref();
