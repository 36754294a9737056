/** Measures the heap of an idle session, and the heap that it leaves behind after its end. */
import type { Bench } from './bench.ts';
import { BARS, type Figure, figure } from './figures.ts';
import type { Program, ServerProcess } from './server-process.ts';
import { type Summary, summarise } from './statistics.ts';

const KIB = 1024;

interface Cycle {
  /** KiB of each idle session. */
  readonly session: number;
  /** KiB of the whole heap after the sessions are closed. */
  readonly base: number;
}

export async function measureIdleHeap(bench: Bench): Promise<Figure[]> {
  const subject = await measure(bench, bench.subject);
  const limit = await measure(bench, bench.limit);
  const left = leftBehind(subject, bench.plan.idleSessions);
  return [
    figure('Idle session', 'KiB heap', sessionsOf(subject), BARS.idleSession),
    ...subject.map(({ session }, at) =>
      figure(`Idle session, cycle ${at + 1}`, 'KiB heap', summarise([session])),
    ),
    figure('Idle session: limit', 'KiB heap', sessionsOf(limit)),
    figure('Left behind by a session', 'KiB heap', summarise([left]), BARS.idleSessionLeft),
    ...subject.map(({ base }, at) => figure(`Heap after cycle ${at + 1}`, 'MiB', summarise([base / KIB]))),
    figure('Heap after the cycles: limit', 'MiB', basesOf(limit)),
  ];
}

function sessionsOf(cycles: readonly Cycle[]): Summary {
  return summarise(cycles.map(({ session }) => session));
}

function basesOf(cycles: readonly Cycle[]): Summary {
  return summarise(cycles.map(({ base }) => base / KIB));
}

async function measure(bench: Bench, program: Program): Promise<Cycle[]> {
  return bench.withServers([program], async ([server]) => {
    // The first sessions cause compilation and allocation that do not count for later ones.
    await cycle(bench, server!, await server!.heap());
    const cycles: Cycle[] = [];
    let base = await server!.heap();
    for (let at = 0; at < bench.plan.idleCycles; at += 1) {
      const each = await cycle(bench, server!, base);
      cycles.push(each);
      base = each.base * KIB;
    }
    return cycles;
  });
}

async function cycle(bench: Bench, server: ServerProcess, base: number): Promise<Cycle> {
  const count = bench.plan.idleSessions;
  await bench.drive(server, 'idle', { count });
  const full = await server.heap();
  await bench.drive(server, 'drop', { count });
  return { session: (full - base) / count / KIB, base: (await server.heap()) / KIB };
}

/** From the end of the first cycle to the end of the last. */
function leftBehind(cycles: readonly Cycle[], sessions: number): number {
  return (cycles.at(-1)!.base - cycles[0]!.base) / (sessions * (cycles.length - 1));
}
