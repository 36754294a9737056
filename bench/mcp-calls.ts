/** `tools/call` over `/mcp`, with a session and without: CPU of the server for each call, against the limit. */
import type { Bench } from './bench.ts';
import { measureEra } from './era-calls.ts';
import { BARS, type Figure } from './figures.ts';

export async function measureMcpCalls(bench: Bench): Promise<Figure[]> {
  const contenders = (bar: number) => [
    { name: 'as it ships', program: bench.shipped, bar },
    { name: 'bare', program: bench.subject },
  ];
  return [
    ...(await measureEra(bench, 'session', 'Session call', contenders(BARS.mcpSessionRatio))),
    ...(await measureEra(bench, 'stateless', 'Stateless call', contenders(BARS.statelessRatio))),
  ];
}
