import { Injectable } from '@nestjs/common';

/** The lists that clients may watch. */
export const LIST_NAMES = ['tools', 'prompts', 'resources'] as const;
export type ListName = (typeof LIST_NAMES)[number];

/** A change of the catalogue that clients can subscribe to. */
export type Change =
  { readonly kind: 'list'; readonly list: ListName } | { readonly kind: 'resource'; readonly uri: string };

/** The first change of a list is emitted at once, those within this time after it together. Milliseconds. */
const WINDOW_MS = 100;

/**
 * Emits changes of the catalogue to its subscribers: of several changes of a list in one turn, or shortly after one
 * another, the last one is always emitted.
 */
@Injectable()
export class ChangeFeed {
  private readonly listeners = new Set<(change: Change) => void>();
  private readonly changed = new Set<ListName>();
  private emittedAt = Number.NEGATIVE_INFINITY;

  /** Returns the function that unsubscribes. */
  subscribe(listener: (change: Change) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  listChanged(list: ListName): void {
    if (this.changed.size === 0) this.emitLater();
    this.changed.add(list);
  }

  /** Emitted after the preceding changes of lists, since the resource may be new. */
  resourceUpdated(uri: string): void {
    this.emitLists();
    this.emit({ kind: 'resource', uri });
  }

  private emitLater(): void {
    const waitMs = this.emittedAt + WINDOW_MS - performance.now();
    if (waitMs <= 0) setImmediate(() => this.emitLists());
    else setTimeout(() => this.emitLists(), waitMs).unref();
  }

  private emitLists(): void {
    const lists = [...this.changed];
    if (lists.length > 0) this.emittedAt = performance.now();
    this.changed.clear();
    for (const list of lists) this.emit({ kind: 'list', list });
  }

  private emit(change: Change): void {
    for (const listener of this.listeners) listener(change);
  }
}
