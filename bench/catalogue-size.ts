/** Whether a session, or a list, costs more where there are more tools. */
import type { Bench } from './bench.ts';
import { BARS, type Figure, figure } from './figures.ts';
import { inRounds, ratio, summarise } from './statistics.ts';

const FEW = 10;
const MANY = 1_000;
/** The server's own tools, which are there beside the generated ones. */
const OWN = 4;
/** A list of 1,000 tools is long: fewer sessions, so that the generator keeps up. */
const LISTING_SESSIONS = 10;

export async function measureCatalogueSize(bench: Bench): Promise<Figure[]> {
  const { rounds, openingsPerRound, listsPerRound } = bench.plan;
  const programs = [bench.manyTools(FEW - OWN), bench.manyTools(MANY - OWN)];
  const { openings, lists } = await bench.withServers(programs, async (servers) => {
    const sized = servers.map((server, at) => ({ server, tools: at === 0 ? FEW : MANY }));
    for (const { server, tools } of sized) {
      await bench.drive(server, 'cycle', { count: 2 * openingsPerRound });
      await bench.drive(server, 'hold', { count: LISTING_SESSIONS });
      await bench.drive(server, 'list', { count: listsPerRound / 2, tools });
    }
    return {
      openings: await inRounds(rounds, sized, async ({ server }) => {
        return (await bench.cost(server, 'cycle', { count: openingsPerRound })).cpu;
      }),
      lists: await inRounds(rounds, sized, async ({ server, tools }) => {
        return (await bench.cost(server, 'list', { count: listsPerRound, tools })).cpu;
      }),
    };
  });
  const [openingFew, openingMany] = openings as [number[], number[]];
  const [listFew, listMany] = lists as [number[], number[]];
  return [
    figure('Session opened, 1,000 tools over 10', '×', ratio(openingMany, openingFew), BARS.openingRatio),
    figure('Session opened and closed, 10 tools', 'µs CPU', summarise(openingFew)),
    figure('Session opened and closed, 1,000 tools', 'µs CPU', summarise(openingMany)),
    figure('tools/list, 10 tools', 'µs CPU', summarise(listFew)),
    figure('tools/list, 1,000 tools', 'µs CPU', summarise(listMany)),
  ];
}
