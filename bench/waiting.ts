/** Measures how long a light caller waits for a reply while a heavy caller uses its whole limit. */
import type { Bench } from './bench.ts';
import { type Figure, figure } from './figures.ts';
import { AS_IT_SHIPS } from './server-process.ts';
import { summarise } from './statistics.ts';

/** As in production: calls of one user. */
const LIMIT = 600;

export async function measureWaiting(bench: Bench): Promise<Figure[]> {
  const alone: number[] = [];
  const shared: number[] = [];
  // One server for each round: the heavy caller has a whole limit each time.
  for (let round = 0; round < bench.plan.waits; round += 1) {
    const program = { ...bench.subject, env: { ...AS_IT_SHIPS, RATE_LIMIT: `${LIMIT}/1m` } };
    await bench.withServers([program], async ([server]) => {
      const heavy = await server!.targetFor('heavy');
      await bench.drive(server!, 'hold', { count: 1, era: 'stateless' });
      await bench.drive(server!, 'echo', { count: 100 });
      alone.push(await bench.drive(server!, 'wait', { count: 100 }));
      shared.push(await bench.drive(server!, 'wait', { count: 0, heavy, regime: 'sleeping' }));
      await bench.drive(server!, 'drop', { count: 0 });
    });
  }
  return [
    figure("Another user's wait, p99", 'ms', summarise(shared)),
    figure("Another user's wait, p99, with the server for itself", 'ms', summarise(alone)),
  ];
}
