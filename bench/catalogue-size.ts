/** Measures whether a session, a call or a list costs more with more tools. */
import type { Bench } from './bench.ts';
import { BARS, type Figure, figure } from './figures.ts';
import type { Era } from './generator.ts';
import type { ServerProcess } from './server-process.ts';
import { inRounds, ratio, summarise } from './statistics.ts';

const FEW = 10;
const MANY = 1_000;
/** The number of the server's own tools, in addition to the generated ones. */
const OWN = 4;
/** A list of 1,000 tools is long: fewer clients, so that the generator keeps up. */
const CLIENTS = 10;

/** A server with this number of tools. */
interface Sized {
  readonly server: ServerProcess;
  readonly tools: number;
}

/** The eras, and their names in figures. */
const ERAS: readonly (readonly [Era, string])[] = [
  ['sse', 'over SSE'],
  ['session', 'on /mcp with a session'],
  ['stateless', 'on /mcp without one'],
];

/** All calls are measured before any list: the garbage of long lists would be collected during later calls. */
export async function measureCatalogueSize(bench: Bench): Promise<Figure[]> {
  const programs = [bench.manyTools(FEW - OWN), bench.manyTools(MANY - OWN)];
  return bench.withServers(programs, async (servers) => {
    const sized = servers.map((server, at) => ({ server, tools: at === 0 ? FEW : MANY }));
    const figures = await measureOpenings(bench, sized);
    for (const [era, how] of ERAS) figures.push(...(await measureCalls(bench, sized, era, how)));
    for (const [era, how] of ERAS) figures.push(...(await measureLists(bench, sized, era, how)));
    return figures;
  });
}

async function measureOpenings(bench: Bench, sized: readonly Sized[]): Promise<Figure[]> {
  const { rounds, openingsPerRound: count } = bench.plan;
  for (const { server } of sized) await bench.drive(server, 'cycle', { count: 2 * count });
  const [few, many] = (await inRounds(rounds, sized, async ({ server }) => {
    return (await bench.cost(server, 'cycle', { count })).cpu;
  })) as [number[], number[]];
  return [
    figure('Session opened, 1,000 tools over 10', '×', ratio(many, few), BARS.openingRatio),
    figure('Session opened and closed, 10 tools', 'µs CPU', summarise(few)),
    figure('Session opened and closed, 1,000 tools', 'µs CPU', summarise(many)),
  ];
}

async function measureCalls(bench: Bench, sized: readonly Sized[], era: Era, how: string): Promise<Figure[]> {
  const { rounds, warmUpCalls, callsPerRound } = bench.plan;
  for (const { server } of sized) {
    await bench.drive(server, 'hold', { count: CLIENTS, era });
    await bench.drive(server, 'echo', { count: warmUpCalls / 2 });
  }
  const [few, many] = (await inRounds(rounds, sized, async ({ server }) => {
    return (await bench.cost(server, 'echo', { count: callsPerRound / 2 })).cpu;
  })) as [number[], number[]];
  for (const { server } of sized) await bench.drive(server, 'drop', { count: 0 });
  return [figure(`Call ${how}, 1,000 tools over 10`, '×', ratio(many, few), BARS.flatCall)];
}

async function measureLists(bench: Bench, sized: readonly Sized[], era: Era, how: string): Promise<Figure[]> {
  const { rounds, listsPerRound: count } = bench.plan;
  for (const { server, tools } of sized) {
    await bench.drive(server, 'hold', { count: CLIENTS, era });
    await bench.drive(server, 'list', { count: count / 2, tools });
  }
  const [few, many] = (await inRounds(rounds, sized, async ({ server, tools }) => {
    return (await bench.cost(server, 'list', { count, tools })).cpu;
  })) as [number[], number[]];
  for (const { server } of sized) await bench.drive(server, 'drop', { count: 0 });
  return [
    figure(`tools/list ${how}, 10 tools`, 'µs CPU', summarise(few)),
    figure(`tools/list ${how}, 1,000 tools`, 'µs CPU', summarise(many), BARS.longList),
  ];
}
