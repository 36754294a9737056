import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until `met` holds; rejects after `withinMs`, which is long, since a busy machine is slow. */
export async function until(met: () => boolean | Promise<boolean>, withinMs = 60_000): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await met())) {
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${met.toString()}`);
    await sleep(5);
  }
}
