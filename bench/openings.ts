/** Opens and closes sessions: number per second, and CPU time of each. */
import type { Bench } from './bench.ts';
import { type Figure, figure } from './figures.ts';
import { inRounds, ratio, summarise } from './statistics.ts';

export async function measureOpenings(bench: Bench): Promise<Figure[]> {
  const { rounds, openingsPerRound: count } = bench.plan;
  const [limit, subject] = await bench.withServers([bench.limit, bench.subject], async (servers) => {
    for (const server of servers) await bench.drive(server, 'cycle', { count: 2 * count });
    return inRounds(rounds, servers, (server) => bench.cost(server, 'cycle', { count }));
  });
  const cpu = (row: typeof limit) => row!.map((cost) => cost.cpu);
  const perSecond = (row: typeof limit) => row!.map(({ time }) => 1e6 / time);
  return [
    figure('Session opened and closed: this server', 'µs CPU', summarise(cpu(subject))),
    figure('Session opened and closed: limit', 'µs CPU', summarise(cpu(limit))),
    figure('Session opened and closed, over the limit', '×', ratio(cpu(subject), cpu(limit))),
    figure('Sessions opened: this server', '/s', summarise(perSecond(subject))),
    figure('Sessions opened: limit', '/s', summarise(perSecond(limit))),
  ];
}
