import type { Fields } from './records.js';

/**
 * `unsure`: no beat of the node for some seconds. `gone`: another node has beaten without a break for longer, and
 * this one has sent none. While no node can beat, no node is gone.
 */
export type NodeState = 'alive' | 'unsure' | 'gone';

export interface NodeBeat {
  readonly id: string;
  readonly state: NodeState;
  readonly info: Fields;
}

/** The result of {@link Beats.beat}. */
export interface BeatReport {
  /** The other nodes took this one for gone since its last beat. True once. */
  readonly fenced: boolean;
  /** All nodes with a beat in the last minutes that have not left, including this one. */
  readonly nodes: readonly NodeBeat[];
  /** The engine's clock minus the one of this node, in milliseconds. */
  readonly skewMs: number;
  /** Changes when the engine was restarted or replaced, and may have lost data. */
  readonly generation: string;
  /** Age of this generation, in milliseconds. */
  readonly generationAgeMs: number;
}

/** Heartbeats by which the nodes know each other. All times are of the engine's clock. Methods reject with `BackplaneUnavailable`. */
export interface Beats {
  /** There is one process only: data that it does not hold never existed. */
  readonly isLocal: boolean;
  /** Announces that `node` is alive. `info`: what the other nodes read about it. */
  beat(node: string, info: Fields): Promise<BeatReport>;
  /** The node stops: the others take it for gone at once. */
  withdraw(node: string): Promise<void>;
}

/** Injection token of the {@link Beats} port. */
export const Beats = Symbol('Beats');

/** Silence after which a node is unsure, and after which it is gone. Milliseconds. */
export interface BeatTimes {
  readonly unsureMs: number;
  readonly goneMs: number;
}

/** Three beats of 3 s may be late or lost before a node is taken for gone. */
export const BEAT_TIMES: BeatTimes = { unsureMs: 6_000, goneMs: 12_000 };

/** How long a node that is gone stays on the list. Milliseconds. */
export const KEEP_GONE_MS = 600_000;
