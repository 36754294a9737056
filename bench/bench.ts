/** The tools of each measurement: the generator, the plan, and servers that end with it. */
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Child } from './child.ts';
import { GENERATOR_CORE } from './cores.ts';
import type { Load } from './generator.ts';
import type { Plan } from './options.ts';
import { AS_IT_SHIPS, type Program, ServerProcess } from './server-process.ts';

/** CPU time of the server process, and elapsed time, for each operation; microseconds. */
export interface Cost {
  readonly cpu: number;
  readonly time: number;
}

/** Wait after the operations, so that work which they leave behind counts for them. */
const SETTLE_MS = 100;

export class Bench {
  readonly plan: Plan;
  readonly dist: URL;
  private readonly generator = new Child({
    args: [fileURLToPath(new URL('generator.ts', import.meta.url))],
    env: { PATH: process.env['PATH'] },
    cores: GENERATOR_CORE,
    stdout: 'ignore',
    ipc: true,
  });

  constructor(plan: Plan, dist: URL) {
    this.plan = plan;
    this.dist = dist;
  }

  get subject(): Program {
    return { file: new URL('main.js', this.dist) };
  }

  /** With log, records and limits. */
  get shipped(): Program {
    return { ...this.subject, env: AS_IT_SHIPS };
  }

  get limit(): Program {
    return { file: new URL('limit.ts', import.meta.url) };
  }

  sdk(version: 'v1' | 'v2'): Program {
    return { file: new URL('sdk-server.ts', import.meta.url), args: [version] };
  }

  manyTools(count: number): Program {
    return { file: new URL('many-tools.ts', import.meta.url), args: [this.dist.href, String(count)] };
  }

  /** Runs `work` with these servers, which stop afterwards, even if `work` rejects. */
  async withServers<Result>(
    programs: readonly Program[],
    work: (servers: readonly ServerProcess[]) => Promise<Result>,
  ): Promise<Result> {
    const servers: ServerProcess[] = [];
    try {
      for (const program of programs) servers.push(await ServerProcess.start(program));
      return await work(servers);
    } finally {
      await Promise.all(servers.map((server) => server.stop()));
    }
  }

  /** Runs a command of the generator against a server; milliseconds. */
  drive(server: ServerProcess, command: string, load: Omit<Load, 'target'>): Promise<number> {
    return this.generator.ask<number>(command, { target: server.target, ...load } satisfies Load);
  }

  /** As {@link drive}, with the cost of each operation. */
  async cost(server: ServerProcess, command: string, load: Omit<Load, 'target'>): Promise<Cost> {
    const before = await server.cpu();
    const ms = await this.drive(server, command, load);
    await pause(SETTLE_MS);
    const after = await server.cpu();
    return { cpu: (after - before) / load.count, time: (ms * 1000) / load.count };
  }

  stop(): Promise<void> {
    return this.generator.stop();
  }
}
