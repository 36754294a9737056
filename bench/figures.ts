/** A measured figure and what it is held to. */
import type { Summary } from './statistics.ts';

export interface Figure extends Summary {
  readonly name: string;
  readonly unit: string;
  /** The median must not be above it. */
  readonly bar?: number;
}

/** The bars of this project. */
export const BARS = {
  /** The server's CPU for a call over the limit's, as it ships. */
  callRatio: 2.2,
  /** The same over `/mcp`, with a session and without. */
  mcpSessionRatio: 3.0,
  statelessRatio: 2.8,
  /** CPU of a call with 1,000 tools over that with 10: flat. */
  flatCall: 1.1,
  /** KiB of heap. */
  idleSession: 8,
  /** KiB that each session leaves behind; above it the heap is not flat. */
  idleSessionLeft: 0.1,
  /** CPU of session opening with 1,000 tools over that with 10. */
  openingRatio: 1.2,
  /** Milliseconds. */
  startUp: 700,
  /** CPU of a session call on one of two nodes with Redis, over that on a node without, the limiter off. */
  nodeCall: 1.03,
  /** What a POST takes longer whose stream is on another node; milliseconds. */
  crossingP50: 2,
  crossingP99: 15,
  /** KiB of the process for each open stream. */
  openStream: 40,
  /** Milliseconds. */
  loopDelay: 50,
  /** Seconds until 10,000 clients are back. */
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
