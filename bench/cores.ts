/** Assigns one core to the server and one to the generator. Without `taskset`, or with one core, none is assigned. */
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

const hasTaskset = spawnSync('taskset', ['--version']).status === 0;

export const pinned = hasTaskset && availableParallelism() > 1;
export const SERVER_CORE = pinned ? '0' : undefined;
export const GENERATOR_CORE = pinned ? '1' : undefined;
export const ALL_CORES = pinned ? `0-${availableParallelism() - 1}` : undefined;

/** The command, with its arguments, that runs Node on these cores. */
export function pinning(cores: string | undefined): readonly [string, ...string[]] {
  return cores === undefined ? [process.execPath] : ['taskset', '-c', cores, process.execPath];
}

/** Keeps this process off the server's core. */
export function pinSelf(): void {
  if (GENERATOR_CORE !== undefined) {
    spawnSync('taskset', ['-a', '-c', '-p', GENERATOR_CORE, String(process.pid)], { stdio: 'ignore' });
  }
}
