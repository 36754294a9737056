import type { Fields } from './records.js';

/**
 * `unsure`: the node has sent no heartbeat for some seconds. `gone`: it has sent none for longer, while another node
 * has sent all of its own. While no node can send heartbeats, no node is gone.
 */
export type NodeState = 'alive' | 'unsure' | 'gone';

export interface NodeBeat {
  readonly id: string;
  readonly state: NodeState;
  readonly info: Fields;
}

/** The result of {@link Beats.beat}. */
export interface BeatReport {
  /** The other nodes have considered this node gone since its last heartbeat. True once. */
  readonly fenced: boolean;
  /** All nodes with a heartbeat in the last minutes that have not left, including this one. */
  readonly nodes: readonly NodeBeat[];
  /** The engine's clock minus the one of this node, in milliseconds. */
  readonly skewMs: number;
  /** Changes when the engine was restarted or replaced, and may have lost data. */
  readonly generation: string;
  /** Age of this generation, in milliseconds. */
  readonly generationAgeMs: number;
}

/** The heartbeats of the nodes. All times are of the engine's clock. Methods reject with `BackplaneUnavailable`. */
export interface Beats {
  /** There is only one process: data that it does not have never existed. */
  readonly isLocal: boolean;
  /** Announces that `node` is alive. `info`: its fields for the other nodes. */
  beat(node: string, info: Fields): Promise<BeatReport>;
  /** The node stops: the others consider it gone at once. */
  withdraw(node: string): Promise<void>;
}

/** Injection token of the {@link Beats} port. */
export const Beats = Symbol('Beats');

/** Silence after which a node is unsure, and after which it is gone. Milliseconds. */
export interface BeatTimes {
  readonly unsureMs: number;
  readonly goneMs: number;
}

/** Three heartbeats of 3 s may be late or lost before a node is considered gone. */
export const BEAT_TIMES: BeatTimes = { unsureMs: 6_000, goneMs: 12_000 };

/** How long a node that is gone stays on the list. Milliseconds. */
export const KEEP_GONE_MS = 600_000;
