import { BackplaneUnavailable, type EventStore, type StoredEvent } from '../../../backplane/index.js';

const RETRY_MS = 1_000;
/** How long events are retried: as long as the store keeps them. Milliseconds. */
const MAX_RETRYING_MS = 600_000;
/** Characters of unstored events that a stream keeps in memory. */
const MAX_CHARACTERS = 2 ** 16;

export interface EventWriterOptions {
  readonly logKey: string;
  readonly log: EventStore;
  readonly onLost: (error: unknown) => void;
  /** Receives the number of stored characters of the session after each event. */
  readonly onKept?: ((characters: number) => void) | undefined;
}

/**
 * Stores the events of a stream, in order. If the store is unavailable, it retries: a client that has resumed on
 * another node waits for the last event. If too many events wait, the oldest are dropped; readers detect the gap
 * ({@link unbroken}). An event may be stored twice.
 */
export class EventWriter {
  private readonly unstored: StoredEvent[] = [];
  private characters = 0;
  private writing: Promise<void> | undefined;
  private retry: NodeJS.Timeout | undefined;
  private failingSince: number | undefined;
  private isStopped = false;

  constructor(private readonly options: EventWriterOptions) {}

  /** Whether events wait for the store. */
  get isBusy(): boolean {
    return this.writing !== undefined || this.retry !== undefined;
  }

  append(event: StoredEvent): void {
    this.unstored.push(event);
    this.characters += event.data.length;
    if (this.retry === undefined) this.writing ??= this.write();
    else this.makeRoom();
  }

  /** Resolves when all appended events are stored, or their storage was attempted. */
  async settled(): Promise<void> {
    await this.writing;
  }

  /** Ends retries: events that the store does not accept from now on are dropped. */
  stop(): void {
    this.isStopped = true;
    clearTimeout(this.retry);
    this.retry = undefined;
  }

  private async write(): Promise<void> {
    const { log, logKey, onLost, onKept } = this.options;
    try {
      for (let event = this.unstored[0]; event !== undefined; event = this.unstored[0]) {
        const characters = await log.append(logKey, event);
        this.failingSince = undefined;
        if (this.unstored[0] === event) this.removeOldest();
        onKept?.(characters);
      }
    } catch (error) {
      onLost(error);
      this.retryLater(error);
    } finally {
      this.writing = undefined;
    }
  }

  private retryLater(error: unknown): void {
    this.failingSince ??= performance.now();
    const isWorthIt =
      error instanceof BackplaneUnavailable && performance.now() - this.failingSince < MAX_RETRYING_MS;
    if (!isWorthIt || this.isStopped) return this.stop();
    this.makeRoom();
    this.retry = setTimeout(() => {
      this.retry = undefined;
      this.writing = this.write();
    }, RETRY_MS).unref();
  }

  /** Drops the oldest events. The last event, which ends the stream, is the newest and has no data. */
  private makeRoom(): void {
    while (this.characters > MAX_CHARACTERS) this.removeOldest();
  }

  private removeOldest(): void {
    this.characters -= this.unstored.shift()?.data.length ?? 0;
  }
}

/** The events that follow the event `last`, each once. Undefined: one is missing. */
export function unbroken(last: string, events: readonly StoredEvent[]): readonly StoredEvent[] | undefined {
  const following: StoredEvent[] = [];
  let before = placeOf(last);
  for (const event of events) {
    const place = placeOf(event.id);
    // Another node has written the end of the stream.
    const isOfOther = place.writer !== before.writer;
    if (!isOfOther && place.number <= before.number) continue;
    if (!isOfOther && place.number > before.number + 1) return undefined;
    following.push(event);
    before = place;
  }
  return following;
}

function placeOf(id: string): { readonly writer: string; readonly number: number } {
  const [, writer = '', number = ''] = /^(.*)\.(\d+)(?:\.end)?$/.exec(id) ?? [];
  return { writer, number: Number(number) };
}
