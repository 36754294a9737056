import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import {
  BEAT_TIMES,
  type BeatReport,
  type Beats,
  type BeatTimes,
  KEEP_GONE_MS,
  type NodeState,
} from '../beats.js';
import type { Fields } from '../records.js';

interface Node {
  readonly info: Fields;
  readonly last: number;
  /** Since when the node has sent all heartbeats in time. */
  readonly since: number;
  fenced: boolean;
}

/** {@link Beats} in this process's memory. Several nodes of a test may share one. */
@Injectable()
export class MemoryBeats implements Beats {
  readonly isLocal = true;
  private readonly nodes = new Map<string, Node>();
  private readonly generation = randomUUID();

  constructor(private readonly times: BeatTimes = BEAT_TIMES) {}

  async beat(id: string, info: Fields): Promise<BeatReport> {
    const now = performance.now();
    const before = this.nodes.get(id);
    const unbroken = before !== undefined && now - before.last <= this.times.unsureMs;
    const since = unbroken ? before.since : now;
    this.nodes.set(id, { info, last: now, since, fenced: false });
    const nodes = [...this.nodes].map(([other, node]) => ({
      id: other,
      state: this.stateOf(node, now, since),
      info: node.info,
    }));
    return {
      fenced: before?.fenced ?? false,
      nodes,
      skewMs: 0,
      generation: this.generation,
      // Data that this process does not have never existed.
      generationAgeMs: Number.POSITIVE_INFINITY,
    };
  }

  async withdraw(id: string): Promise<void> {
    this.nodes.delete(id);
  }

  /** Removes nodes that have been gone for long. */
  sweep(now = performance.now()): void {
    for (const [id, { last }] of this.nodes) if (now - last > KEEP_GONE_MS) this.nodes.delete(id);
  }

  private stateOf(node: Node, now: number, since: number): NodeState {
    const silentMs = now - Math.max(node.last, since);
    if (silentMs >= this.times.goneMs) node.fenced = true;
    if (node.fenced) return 'gone';
    return silentMs >= this.times.unsureMs ? 'unsure' : 'alive';
  }
}
