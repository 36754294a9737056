/**
 * Measures the time from the start of the process to its first response at `/health/live`, without preloaded modules.
 */
import type { Bench } from './bench.ts';
import { ALL_CORES, SERVER_CORE } from './cores.ts';
import { BARS, type Figure, figure } from './figures.ts';
import { type Program, ServerProcess } from './server-process.ts';
import { inRounds, ratio, summarise } from './statistics.ts';

export async function measureStartUp(bench: Bench): Promise<Figure[]> {
  const { starts } = bench.plan;
  const ways = [
    { program: bench.subject, cores: SERVER_CORE },
    { program: bench.subject, cores: ALL_CORES },
    { program: bench.limit, cores: SERVER_CORE },
  ];
  // The first start reads the files from disk.
  await startOnce(bench.subject, SERVER_CORE);
  const [oneCore, allCores, limit] = await inRounds(starts, ways, (way) => startOnce(way.program, way.cores));
  return [
    figure('Start-up, on one core', 'ms', summarise(oneCore!)),
    figure('Start-up, on all cores', 'ms', summarise(allCores!), BARS.startUp),
    figure('Start-up, on one core, over the limit', '×', ratio(oneCore!, limit!)),
    figure('Start-up, on one core: limit', 'ms', summarise(limit!)),
  ];
}

async function startOnce(program: Program, cores: string | undefined): Promise<number> {
  const server = await ServerProcess.start(program, { cores, probe: false });
  await server.stop();
  return server.startUpMs;
}
