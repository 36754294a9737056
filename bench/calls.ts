/** `tools/call` over SSE: CPU of the server for each call, against the limit and the SDK's own servers. */
import type { Bench } from './bench.ts';
import { BARS, type Figure, figure } from './figures.ts';
import { inRounds, ratio, summarise } from './statistics.ts';

export async function measureCalls(bench: Bench): Promise<Figure[]> {
  const { rounds, sessions, warmUpCalls, callsPerRound } = bench.plan;
  const programs = [bench.limit, bench.subject, bench.sdk('v2'), bench.sdk('v1')];
  const costs = await bench.withServers(programs, async (servers) => {
    for (const server of servers) {
      await bench.drive(server, 'hold', { count: sessions });
      await bench.drive(server, 'echo', { count: warmUpCalls });
    }
    const rows = await inRounds(rounds, servers, (server) =>
      bench.cost(server, 'echo', { count: callsPerRound }),
    );
    for (const server of servers) await bench.drive(server, 'drop', { count: 0 });
    return rows;
  });
  const [limit, subject, sdk2, sdk1] = costs.map((row) => row.map(({ cpu }) => cpu)) as [
    number[],
    number[],
    number[],
    number[],
  ];
  const perSecond = (row: number) => costs[row]!.map(({ time }) => 1e6 / time);
  return [
    figure('SSE call, over the limit', '×', ratio(subject, limit), BARS.callRatio),
    figure('SSE call: this server', 'µs CPU', summarise(subject)),
    figure('SSE call: limit', 'µs CPU', summarise(limit)),
    figure('SSE call: SDK v2 Server on bare http', 'µs CPU', summarise(sdk2)),
    figure('SSE call: SDK v1 Server on bare http', 'µs CPU', summarise(sdk1)),
    figure('SSE call: SDK v2, over the limit', '×', ratio(sdk2, limit)),
    figure('SSE call: SDK v1, over the limit', '×', ratio(sdk1, limit)),
    figure('SSE calls: this server', '/s', summarise(perSecond(1))),
    figure('SSE calls: limit', '/s', summarise(perSecond(0))),
  ];
}
