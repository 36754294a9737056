import { Injectable } from '@nestjs/common';

/** The lists that clients may watch. */
export const LIST_NAMES = ['tools', 'prompts', 'resources'] as const;
export type ListName = (typeof LIST_NAMES)[number];

/** A change of the catalogue that clients can subscribe to. */
export type Change =
  { readonly kind: 'list'; readonly list: ListName } | { readonly kind: 'resource'; readonly uri: string };

/** Emits changes of the catalogue to its subscribers. Several changes of a list in one turn are emitted once. */
@Injectable()
export class ChangeFeed {
  private readonly listeners = new Set<(change: Change) => void>();
  private readonly changed = new Set<ListName>();

  /** Returns the function that unsubscribes. */
  subscribe(listener: (change: Change) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  listChanged(list: ListName): void {
    if (this.changed.size === 0) setImmediate(() => this.emitLists());
    this.changed.add(list);
  }

  resourceUpdated(uri: string): void {
    this.emit({ kind: 'resource', uri });
  }

  private emitLists(): void {
    const lists = [...this.changed];
    this.changed.clear();
    for (const list of lists) this.emit({ kind: 'list', list });
  }

  private emit(change: Change): void {
    for (const listener of this.listeners) listener(change);
  }
}
