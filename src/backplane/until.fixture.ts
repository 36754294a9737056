import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until `met` holds, 5 s at most. */
export async function until(met: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!(await met())) {
    if (Date.now() > deadline) throw new Error('it did not happen within 5 s');
    await sleep(5);
  }
}
