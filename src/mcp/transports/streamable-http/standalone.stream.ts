import { randomUUID } from 'node:crypto';
import type { SessionEnd } from '../../sessions/peer.js';
import type { SseStream } from '../sse.stream.js';
import type { MessageText } from '../../messages/json-rpc.js';

/**
 * The name of the stream, the position on the bus of the last change that its client got, and whether the stream has
 * ended.
 */
const EVENT_ID = /^standalone-([\w-]{1,64})\.([\w-]{1,64})(\.end)?$/;

/** An event of a standalone stream, as its client names it. */
export interface StandaloneEvent {
  readonly name: string;
  readonly offset: string;
  readonly isFinal: boolean;
}

/** Earlier messages, with their positions on the bus. */
type Missed = Iterable<readonly [message: string, offset: string]>;

/** Undefined: the event id is not one of a standalone stream. */
export function standaloneEvent(eventId: string): StandaloneEvent | undefined {
  const [, name, offset, end] = EVENT_ID.exec(eventId) ?? [];
  return name === undefined || offset === undefined
    ? undefined
    : { name, offset, isFinal: end !== undefined };
}

/**
 * One connection of a standalone stream. Its messages are not stored: the id of an event contains a position on the
 * bus, from which any node can read the later changes. MCP 2025-11-25, Transports, "Resumability".
 */
export class StandaloneStream {
  /** Distinguishes it from other connections of the same stream. */
  readonly key = randomUUID();
  private connection: SseStream | undefined;
  private isPaused = false;
  private isBehind = false;
  /** Messages sent before there is a connection, or while the stream is paused. */
  private readonly waiting: (readonly [message: MessageText, offset: string | undefined])[] = [];
  private offset = '';

  constructor(
    /** The same for each connection on which a client resumes the stream. */
    readonly name: string,
    /** The client gets event ids without a message, to resume from. MCP 2025-11-25 and later. */
    private readonly isPrimed: boolean,
  ) {}

  /** The client has received all changes up to this position on the bus. */
  startAt(offset: string): void {
    this.offset = offset;
  }

  /** See {@link startAt}. */
  get place(): string {
    return this.offset;
  }

  connect(connection: SseStream, missed: Missed = []): void {
    this.connection = connection;
    this.resume(missed);
  }

  /**
   * Until {@link catchUp}, changes with a position on the bus are not sent: earlier ones may be missing, and the client
   * gets all of them, in order, from the bus.
   */
  fallBehind(): void {
    this.isBehind = true;
  }

  catchUp(): void {
    this.isBehind = false;
  }

  /** Until {@link resume}, messages wait. */
  pause(): void {
    this.isPaused = true;
  }

  resume(missed: Missed = []): void {
    const { offset: start } = this;
    this.isPaused = false;
    for (const [message, offset] of missed) this.send(message, offset);
    this.offset = start;
    for (const [message, offset] of this.waiting.splice(0)) this.send(message, offset);
  }

  /** Sends an event id to resume from, where the client expects one. */
  prime(): void {
    if (this.isPrimed) this.connection?.prime(this.eventId);
  }

  /** `offset`: the message's position on the bus, if it has one. */
  send(message: MessageText, offset?: string): void {
    if (this.isBehind && offset !== undefined) return;
    if (this.connection === undefined || this.isPaused) return void this.waiting.push([message, offset]);
    this.offset = offset ?? this.offset;
    this.connection.numbered(this.eventId, message);
  }

  heartbeat(): void {
    // Without an id of this connection the SDKs' clients resume another stream.
    if (this.connection?.hasId === false) this.prime();
    this.connection?.heartbeat();
  }

  /** Ends the stream: the client gets a final id, from which there is nothing to resume. */
  finish(): void {
    if (this.isPrimed) this.connection?.prime(`${this.eventId}.end`);
    this.connection?.end('closed_by_server');
  }

  end(reason: SessionEnd): void {
    if (reason === 'shutdown' && this.isPrimed) this.connection?.retryAfterStop();
    this.connection?.end(reason);
  }

  private get eventId(): string {
    return `standalone-${this.name}.${this.offset}`;
  }
}
