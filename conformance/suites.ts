import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { type Excuse, EXTENSION, NOT_OVER_SSE } from './excuses.ts';

/** A run of the suite against the server. */
export interface Suite {
  readonly name: string;
  /** The suite's program. */
  readonly program: string;
  readonly args: readonly string[];
  /** Uses `/sse` and `/message` instead of `/mcp`. */
  readonly overSse: boolean;
  /** The number of scored scenarios. A run with fewer fails. */
  readonly scored: number;
  /** The names of the required scenarios, if the suite lists them. */
  readonly required: readonly string[] | undefined;
  readonly excused: readonly Excuse[];
}

const OLD = programOf('conformance-0.1');
const NEW = programOf('@modelcontextprotocol/conformance');

export const SUITES: readonly Suite[] = [
  {
    name: '0.1.16',
    program: OLD,
    args: ['--suite', 'all'],
    overSse: false,
    scored: 32,
    required: undefined,
    excused: [],
  },
  requirements('2025-11-25', 30, false, []),
  requirements('2026-07-28', 37, false, EXTENSION),
  requirements('2025-11-25', 30, true, NOT_OVER_SSE),
];

function requirements(revision: string, scored: number, overSse: boolean, excused: readonly Excuse[]): Suite {
  const file = import.meta.resolve('@modelcontextprotocol/conformance/package.json');
  const list = readFileSync(new URL(`requirements/${revision}.yaml`, file), 'utf8');
  const { server } = parse(list) as { server: string[] };
  return {
    name: overSse ? `${revision} over SSE` : revision,
    program: NEW,
    args: ['--requirements', revision],
    overSse,
    scored,
    required: server,
    excused,
  };
}

function programOf(name: string): string {
  return fileURLToPath(new URL('dist/index.js', import.meta.resolve(`${name}/package.json`)));
}
