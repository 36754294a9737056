/** `tools/call` over SSE: CPU of the server for each call, against the limit and the SDK's own servers. */
import type { Bench } from './bench.ts';
import { measureEra } from './era-calls.ts';
import { BARS, type Figure } from './figures.ts';

export function measureCalls(bench: Bench): Promise<Figure[]> {
  return measureEra(bench, 'sse', 'SSE call', [
    { name: 'as it ships', program: bench.shipped, bar: BARS.callRatio },
    { name: 'bare', program: bench.subject },
    { name: 'SDK v2 Server on bare http', program: bench.sdk('v2') },
    { name: 'SDK v1 Server on bare http', program: bench.sdk('v1') },
  ]);
}
