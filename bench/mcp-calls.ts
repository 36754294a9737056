/** `tools/call` over `/mcp`, with a session and without: CPU of the server for each call, against the limit. */
import type { Bench } from './bench.ts';
import { BARS, type Figure, figure } from './figures.ts';
import type { Era } from './generator.ts';
import { inRounds, ratio, summarise } from './statistics.ts';

export async function measureMcpCalls(bench: Bench): Promise<Figure[]> {
  const [session, stateless] = [await measure(bench, 'session'), await measure(bench, 'stateless')];
  return [
    figure(
      'Session call on /mcp, over the limit',
      '×',
      ratio(session.subject, session.limit),
      BARS.mcpSessionRatio,
    ),
    figure('Session call on /mcp: this server', 'µs CPU', summarise(session.subject)),
    figure('Session call on /mcp: limit', 'µs CPU', summarise(session.limit)),
    figure(
      'Stateless call, over the limit',
      '×',
      ratio(stateless.subject, stateless.limit),
      BARS.statelessRatio,
    ),
    figure('Stateless call: this server', 'µs CPU', summarise(stateless.subject)),
    figure('Stateless call: limit', 'µs CPU', summarise(stateless.limit)),
  ];
}

async function measure(bench: Bench, era: Era): Promise<{ subject: number[]; limit: number[] }> {
  const { rounds, sessions, warmUpCalls, callsPerRound } = bench.plan;
  const [limit, subject] = await bench.withServers([bench.limit, bench.subject], async (servers) => {
    for (const server of servers) {
      await bench.drive(server, 'hold', { count: sessions, era });
      await bench.drive(server, 'echo', { count: warmUpCalls });
    }
    const rows = await inRounds(rounds, servers, async (server) => {
      return (await bench.cost(server, 'echo', { count: callsPerRound })).cpu;
    });
    for (const server of servers) await bench.drive(server, 'drop', { count: 0 });
    return rows;
  });
  return { limit: limit!, subject: subject! };
}
