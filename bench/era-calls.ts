/**
 * `tools/call` in one era: the cost of a call on each server, with a generator that never sleeps and with one that
 * does.
 */
import type { Bench, Cost } from './bench.ts';
import { type Figure, figure } from './figures.ts';
import type { Era, Regime } from './generator.ts';
import type { Program } from './server-process.ts';
import { inRounds, ratio, summarise } from './statistics.ts';

/** A server that is compared with the limit, and its name in figures. */
export interface Contender {
  readonly name: string;
  readonly program: Program;
  /** Maximum ratio of the cost of a call to the limit. */
  readonly bar?: number;
}

/** The names of the modes in figures. */
const REGIMES: readonly (readonly [Regime, string])[] = [
  ['awake', ''],
  ['sleeping', ', with sleep'],
];

/** `name`: name of the era. The result includes the figures of the limit. */
export async function measureEra(
  bench: Bench,
  era: Era,
  name: string,
  contenders: readonly Contender[],
): Promise<Figure[]> {
  const { rounds, sessions, warmUpCalls, callsPerRound: count } = bench.plan;
  const all: readonly Contender[] = [{ name: 'limit', program: bench.limit }, ...contenders];
  return bench.withServers(
    all.map(({ program }) => program),
    async (servers) => {
      for (const server of servers) {
        await bench.drive(server, 'hold', { count: sessions, era });
        await bench.drive(server, 'echo', { count: warmUpCalls });
      }
      const figures: Figure[] = [];
      for (const [regime, how] of REGIMES) {
        const rows = await inRounds(rounds, servers, (server) =>
          bench.cost(server, 'echo', { count, regime }),
        );
        figures.push(...figuresOf(`${name}${how}`, all, rows));
      }
      for (const server of servers) await bench.drive(server, 'drop', { count: 0 });
      return figures;
    },
  );
}

function figuresOf(name: string, [, ...contenders]: readonly Contender[], rows: readonly Cost[][]): Figure[] {
  const [limit, ...others] = rows.map((row) => row.map(({ cpu }) => cpu)) as [number[], ...number[][]];
  const perSecond = rows[0]!.map(({ time }) => 1e6 / time);
  return [
    ...contenders.map((one, at) =>
      figure(`${name}: ${one.name}, over the limit`, '×', ratio(others[at]!, limit), one.bar),
    ),
    figure(`${name}: limit`, 'µs CPU', summarise(limit)),
    figure(`${name}: limit`, '/s', summarise(perSecond)),
    ...contenders.flatMap((one, at) => [
      figure(`${name}: ${one.name}`, 'µs CPU', summarise(others[at]!)),
      figure(`${name}: ${one.name}`, '/s', summarise(rows[at + 1]!.map(({ time }) => 1e6 / time))),
    ]),
  ];
}
