/** A measured figure and its bar. */
import type { Summary } from './statistics.ts';

export interface Figure extends Summary {
  readonly name: string;
  readonly unit: string;
  /** The median must not be above it. */
  readonly bar?: number;
}

/** The bars of this project. */
export const BARS = {
  /** Ratio of the server's CPU time for a call, as it ships, to that of the limit. */
  callRatio: 2.2,
  /** The same over `/mcp`, with a session and without. */
  mcpSessionRatio: 3.0,
  statelessRatio: 2.8,
  /** Own files and functions that one call enters: `call-path.ts`. */
  callFiles: 40,
  callFunctions: 110,
  /** Ratio of the CPU time of a call with 1,000 tools to that with 10: flat. */
  flatCall: 1.1,
  /** Microseconds of CPU of a list of 1,000 tools. */
  longList: 300,
  /** KiB of heap. */
  idleSession: 8,
  /** KiB that each session leaves behind; a higher value means that the heap grows. */
  idleSessionLeft: 0.1,
  /** Ratio of the CPU time of session opening with 1,000 tools to that with 10. */
  openingRatio: 1.2,
  /** Milliseconds. */
  startUp: 350,
  /** Ratio of the CPU time of a session call on one of two nodes with Redis to that on a node without; limiter off. */
  nodeCall: 1.03,
  /** Additional time of a POST whose stream is on another node; milliseconds. */
  crossingP50: 2,
  crossingP99: 15,
  /** KiB of the process for each open stream. */
  openStream: 40,
  /** Milliseconds. */
  loopDelay: 50,
  /** Seconds until 10,000 clients have reconnected. */
  reconnected: 60,
} as const;

export function figure(name: string, unit: string, summary: Summary, bar?: number): Figure {
  const { median, min, max } = summary;
  return { name, unit, median, min, max, ...(bar === undefined ? {} : { bar }) };
}

export function verdict({ median, bar }: Figure): 'ok' | 'over' | '' {
  if (bar === undefined) return '';
  return median <= bar ? 'ok' : 'over';
}
