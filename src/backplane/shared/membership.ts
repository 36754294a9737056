import { Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
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

/** Number of heartbeats within `unsureMs`. */
const BEATS_IN_DOUBT = 2;
/** Minimum interval between heartbeats that look for an unknown node. */
const REFRESH_MS = 250;

type MembershipEvent = 'beaten' | 'fenced' | 'gone' | 'replaced';

/** The nodes that this node knows. */
export class Membership {
  /** The name of this process among the nodes. Changes with each start. */
  readonly self = randomUUID();
  /** There is only one process: no other process changes the shared state. */
  readonly isAlone: boolean;
  private readonly logger = new Logger('Backplane');
  private readonly listeners = new Map<MembershipEvent, Set<(node: string) => void>>();
  private nodes = new Map<string, NodeBeat>();
  private report: BeatReport | undefined;
  /** The engine was reached again since the last report: it may be another one, or have lost its data. */
  private isOutdated = false;
  /** Time since the last answered heartbeat. */
  private readonly beaten = new Elapsed();
  private beating: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly beats: Beats,
    /** Whether this node reads its logs. A node that cannot read must not appear alive. */
    private readonly isReading: () => boolean,
    private info: Fields = {},
    private readonly times: BeatTimes = BEAT_TIMES,
  ) {
    this.isAlone = beats.isLocal;
  }

  /** Resolves with the first heartbeat: the others then know this node. */
  async start(): Promise<void> {
    await this.beat();
    this.timer = setInterval(() => this.tick(), this.times.unsureMs / BEATS_IN_DOUBT);
    this.timer.unref();
  }

  /** Announces the stop, so that the others consider this node gone at once. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.beating?.catch(() => undefined);
    await this.beats.withdraw(this.self).catch(() => undefined);
  }

  /**
   * `beaten`: {@link all} is new. `fenced`: the others have considered this node gone. `gone`: another node is gone.
   * `replaced`: the engine was restarted or replaced, and may have lost data. Returns the function that unsubscribes.
   */
  on(event: MembershipEvent, listener: (node: string) => void): () => void {
    const listeners = this.listeners.get(event) ?? new Set();
    this.listeners.set(event, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  /** Sets this node's fields for the others, from its next heartbeat on. */
  describe(info: Fields): void {
    this.info = { ...this.info, ...info };
  }

  /** The number of nodes alive, including this one. At least 1. */
  get size(): number {
    let size = 0;
    for (const { state } of this.nodes.values()) if (state === 'alive') size += 1;
    return Math.max(1, size);
  }

  /** All nodes on the list, as of the last heartbeat. */
  get all(): readonly NodeBeat[] {
    return [...this.nodes.values()];
  }

  /** The engine's clock minus this node's, in milliseconds. */
  get skewMs(): number {
    return this.report?.skewMs ?? 0;
  }

  /**
   * Whether absence is proof that a record never existed or has ended: the engine has run for so long that every node
   * has written again what a restart may have lost.
   */
  get isSteady(): boolean {
    if (this.beats.isLocal) return true;
    if (this.report === undefined || this.isOutdated || this.beaten.ms > this.times.unsureMs) return false;
    return this.report.generationAgeMs + this.beaten.ms >= this.times.goneMs;
  }

  /** The state of a node at the last heartbeat. For an unknown node see {@link check}. */
  stateOf(node: string): NodeState {
    if (node === this.self) return 'alive';
    if (this.report === undefined || this.beaten.ms > this.times.unsureMs) return 'unsure';
    return this.nodes.get(node)?.state ?? (this.isSteady ? 'gone' : 'unsure');
  }

  /** As {@link stateOf}, but sends another heartbeat to look for an unknown node, which may have just joined. */
  async check(node: string): Promise<NodeState> {
    if (node !== this.self && !this.nodes.has(node) && this.isReading()) {
      // The answer to an earlier heartbeat may lack the node.
      await this.beating?.catch(() => undefined);
      const { report } = this;
      if (this.beaten.ms < REFRESH_MS) await sleep(REFRESH_MS - this.beaten.ms);
      // Another caller may have sent a heartbeat meanwhile.
      if (report === this.report) await this.beat().catch(() => undefined);
    }
    return this.stateOf(node);
  }

  /** The connection is new: absence proves nothing until the next heartbeat is answered. */
  doubt(): void {
    this.isOutdated = true;
  }

  /** Sends a heartbeat now; concurrent callers share one. Rejects with `BackplaneUnavailable`. */
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
    this.isOutdated = false;
    this.nodes = new Map(report.nodes.map((node) => [node.id, node]));
    if (report.fenced) this.tell('fenced', this.self);
    if (before !== undefined && before.generation !== report.generation) this.tell('replaced', this.self);
    for (const { id, state } of report.nodes) {
      if (state === 'gone' && states.get(id)?.state !== 'gone') this.tell('gone', id);
    }
    this.call('beaten', this.self);
  }

  private tell(event: MembershipEvent, node: string): void {
    this.logger.log({ event: `backplane.${event}`, node });
    this.call(event, node);
  }

  private call(event: MembershipEvent, node: string): void {
    for (const listener of this.listeners.get(event) ?? []) listener(node);
  }
}
