import type { Fields } from './records.js';

/**
 * `unsure`: the node has not beaten for some seconds. `gone`: another node has beaten without a break for longer, and
 * this one has not at all. While no node can beat, no node is gone.
 */
export type NodeState = 'alive' | 'unsure' | 'gone';

export interface NodeBeat {
  readonly id: string;
  readonly state: NodeState;
  readonly info: Fields;
}

/** What {@link Beats.beat} learns. */
export interface BeatReport {
  /** Other nodes have taken this one for gone since its last beat. Told once. */
  readonly fenced: boolean;
  /** All nodes that have beaten in the last minutes and were not withdrawn, this one among them. */
  readonly nodes: readonly NodeBeat[];
  /** The engine's clock minus the one of this node, in milliseconds. */
  readonly skewMs: number;
  /** Another one than at the beat before: the engine was restarted or replaced, and may have lost what was written. */
  readonly generation: string;
  /** How long the engine has had this generation. Milliseconds. */
  readonly generationAgeMs: number;
}

/** By which nodes know of one another. All times are read from the engine's clock. Methods reject with `BackplaneUnavailable`. */
export interface Beats {
  /** There is no other process: what this one does not hold was never there. */
  readonly isLocal: boolean;
  /** Says that `node` lives, and what the others shall know of it. */
  beat(node: string, info: Fields): Promise<BeatReport>;
  /** The node stops in order: the others need not wait for its silence. */
  withdraw(node: string): Promise<void>;
}

/** Injection token of the {@link Beats} port. */
export const Beats = Symbol('Beats');

/** After how long a silence a node is doubted, and taken for gone. Milliseconds. */
export interface BeatTimes {
  readonly unsureMs: number;
  readonly goneMs: number;
}

/** Three beats of 3 s may be late or lost before a node is taken for gone. */
export const BEAT_TIMES: BeatTimes = { unsureMs: 6_000, goneMs: 12_000 };

/** How long a node that is gone stays on the list. Milliseconds. */
export const KEEP_GONE_MS = 600_000;
