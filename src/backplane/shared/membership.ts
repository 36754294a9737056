import { Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { BackplaneUnavailable } from '../backplane-unavailable.error.js';
import {
  BEAT_TIMES,
  type BeatReport,
  type Beats,
  type BeatTimes,
  type NodeBeat,
  type NodeState,
} from '../beats.js';
import { Elapsed } from '../elapsed.js';
import type { Fields } from '../records.js';

/** How often a node beats: twice within `unsureMs`. */
const BEATS_IN_DOUBT = 2;
/** What a node that is not on the list costs at most: a beat for each of these. */
const REFRESH_MS = 250;

type MembershipEvent = 'fenced' | 'gone' | 'replaced';

/** Which nodes there are, as far as this one knows. */
export class Membership {
  /** The name of this process among the nodes; another one after a restart. */
  readonly self = randomUUID();
  private readonly logger = new Logger('Backplane');
  private readonly listeners = new Map<MembershipEvent, Set<(node: string) => void>>();
  private nodes = new Map<string, NodeBeat>();
  private report: BeatReport | undefined;
  /** Since the last beat that the engine has answered. */
  private readonly beaten = new Elapsed();
  private beating: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly beats: Beats,
    /** Whether this node reads its logs. One that can't must not look alive. */
    private readonly isReading: () => boolean,
    private readonly info: Fields = {},
    private readonly times: BeatTimes = BEAT_TIMES,
  ) {}

  /** Resolves with the first beat: from then on the others know of this node. */
  async start(): Promise<void> {
    await this.beat();
    this.timer = setInterval(() => this.tick(), this.times.unsureMs / BEATS_IN_DOUBT);
    this.timer.unref();
  }

  /** The others need not wait for the silence of this node. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.beating?.catch(() => undefined);
    await this.beats.withdraw(this.self).catch(() => undefined);
  }

  /**
   * `fenced`: the others have taken this node for gone meanwhile. `gone`: another node is gone. `replaced`: the engine was
   * restarted or replaced, and may have lost what was written. Returns the way to stop listening.
   */
  on(event: MembershipEvent, listener: (node: string) => void): () => void {
    const listeners = this.listeners.get(event) ?? new Set();
    this.listeners.set(event, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  /** There is no other process: nothing that is shared is far away, or changed by another. */
  get isAlone(): boolean {
    return this.beats.isLocal;
  }

  /** The nodes that are alive, this one among them. At least 1. */
  get size(): number {
    let size = 0;
    for (const { state } of this.nodes.values()) if (state === 'alive') size += 1;
    return Math.max(1, size);
  }

  /** All nodes on the list, as of the last beat. */
  get all(): readonly NodeBeat[] {
    return [...this.nodes.values()];
  }

  /** The engine's clock minus this node's, in milliseconds. */
  get skewMs(): number {
    return this.report?.skewMs ?? 0;
  }

  /**
   * Whether what the engine does not hold was never written, or has ended: it has run for long enough that every node
   * has written again what a restart may have lost.
   */
  get isSteady(): boolean {
    if (this.beats.isLocal) return true;
    if (this.report === undefined || this.beaten.ms > this.times.unsureMs) return false;
    return this.report.generationAgeMs + this.beaten.ms >= this.times.goneMs;
  }

  /** The state of a node as of the last beat. A node that is not on the list: see {@link check}. */
  stateOf(node: string): NodeState {
    if (node === this.self) return 'alive';
    if (this.report === undefined || this.beaten.ms > this.times.unsureMs) return 'unsure';
    return this.nodes.get(node)?.state ?? (this.isSteady ? 'gone' : 'unsure');
  }

  /** The same for a node that may have come a moment ago: one that is not on the list is looked for. */
  async check(node: string): Promise<NodeState> {
    if (node !== this.self && !this.nodes.has(node) && this.beaten.ms > REFRESH_MS && this.isReading()) {
      await this.beat().catch(() => undefined);
    }
    return this.stateOf(node);
  }

  /** Beats now, once for all who ask at a time. Rejects with `BackplaneUnavailable`. */
  beat(): Promise<void> {
    this.beating ??= this.beatOnce().finally(() => (this.beating = undefined));
    return this.beating;
  }

  private tick(): void {
    if (!this.isReading()) return;
    this.beat().catch((error: unknown) => {
      if (!(error instanceof BackplaneUnavailable))
        this.logger.error({ event: 'backplane.beat_failed', err: error });
    });
  }

  private async beatOnce(): Promise<void> {
    const before = this.report;
    const report = await this.beats.beat(this.self, this.info);
    const states = this.nodes;
    this.beaten.mark();
    this.report = report;
    this.nodes = new Map(report.nodes.map((node) => [node.id, node]));
    if (report.fenced) this.tell('fenced', this.self);
    if (before !== undefined && before.generation !== report.generation) this.tell('replaced', this.self);
    for (const { id, state } of report.nodes) {
      if (state === 'gone' && states.get(id)?.state !== 'gone') this.tell('gone', id);
    }
  }

  private tell(event: MembershipEvent, node: string): void {
    this.logger.log({ event: `backplane.${event}`, node });
    for (const listener of this.listeners.get(event) ?? []) listener(node);
  }
}
