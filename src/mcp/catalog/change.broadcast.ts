import { Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { BackplaneNode } from '../../backplane/index.js';
import { type Change, ChangeFeed } from './change.feed.js';

/** The topic of changes on the bus. The body of each message is a {@link Change}. */
export const CHANGED = 'catalogue.changed';
const RETRY_MS = 1_000;
/** Maximum number of changes that wait for the bus. */
const MAX_UNSENT = 1_000;

/**
 * `change` undefined: changes may have been missed, so every list and resource may have changed. `offset`: its position
 * on the bus; undefined if the bus did not accept it.
 */
type ChangeListener = (change: Change | undefined, offset: string | undefined) => void;

/** Sends this node's changes to all nodes, and passes the changes of all nodes to its listeners. */
@Injectable()
export class ChangeBroadcast implements OnModuleInit, OnModuleDestroy {
  private readonly logger = new Logger('Changes');
  private readonly listeners = new Set<ChangeListener>();
  /** Changes that the bus has not accepted yet. */
  private readonly unsent = new Map<string, Change>();
  private retrying: NodeJS.Timeout | undefined;
  private stops: readonly (() => void)[] = [];

  constructor(
    private readonly feed: ChangeFeed,
    private readonly node: BackplaneNode,
  ) {}

  onModuleInit(): void {
    const { bus } = this.node;
    this.stops = [
      this.feed.subscribe((change) => void this.publish(change, true)),
      bus.on(CHANGED, (body, offset) => this.tell(body as Change, offset)),
      bus.onGap(() => this.tell(undefined, bus.newest)),
    ];
  }

  onModuleDestroy(): void {
    for (const stop of this.stops) stop();
    clearTimeout(this.retrying);
  }

  /** Returns the function that unsubscribes. */
  subscribe(listener: ChangeListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** If the bus is unavailable, this node notifies its own clients at once, and the other nodes later. */
  private async publish(change: Change, isNew: boolean): Promise<void> {
    try {
      await this.node.bus.publish(CHANGED, change);
    } catch (error) {
      if (isNew) {
        this.logger.warn({ event: 'changes.not_published', err: error });
        this.tell(change, undefined);
      }
      if (this.unsent.size < MAX_UNSENT) this.unsent.set(JSON.stringify(change), change);
      this.retrying ??= setTimeout(() => this.retry(), RETRY_MS).unref();
    }
  }

  private retry(): void {
    this.retrying = undefined;
    const changes = [...this.unsent.values()];
    this.unsent.clear();
    for (const change of changes) void this.publish(change, false);
  }

  private tell(change: Change | undefined, offset: string | undefined): void {
    for (const listener of this.listeners) listener(change, offset);
  }
}
