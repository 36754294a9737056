/** The options of the command line, and the amount of measurements for them. */
import { pathToFileURL } from 'node:url';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

export interface Plan {
  readonly rounds: number;
  /** Sessions with one call in flight each. */
  readonly sessions: number;
  readonly warmUpCalls: number;
  readonly callsPerRound: number;
  readonly openingsPerRound: number;
  readonly listsPerRound: number;
  readonly idleSessions: number;
  readonly idleCycles: number;
  readonly starts: number;
  /** Number of servers on which another user's wait is measured. */
  readonly waits: number;
}

export interface Options {
  readonly plan: Plan;
  /** Whether a figure over its bar fails the run. */
  readonly check: boolean;
  readonly quick: boolean;
  /** The sections to run; empty: all. */
  readonly only: readonly string[];
  /** The build under test. */
  readonly dist: URL;
}

// Many short rounds rather than few long ones, so that other work of the machine affects both sides of a ratio.
const FULL: Plan = {
  rounds: 15,
  sessions: 50,
  warmUpCalls: 30_000,
  callsPerRound: 12_000,
  openingsPerRound: 600,
  listsPerRound: 1_000,
  idleSessions: 2_000,
  idleCycles: 3,
  starts: 9,
  waits: 5,
};

const QUICK: Plan = {
  ...FULL,
  rounds: 5,
  warmUpCalls: 15_000,
  callsPerRound: 5_000,
  openingsPerRound: 400,
  listsPerRound: 500,
  starts: 3,
  waits: 2,
};

export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      dist: { type: 'string' },
    },
  });
  const dist = values.dist === undefined ? new URL('../dist/', import.meta.url) : folderUrl(values.dist);
  const { quick, check, only } = values;
  return { plan: quick ? QUICK : FULL, quick, check, only, dist };
}

function folderUrl(folder: string): URL {
  return new URL(`${pathToFileURL(resolve(folder)).href}/`);
}
