import { randomBytes } from 'node:crypto';
import type { StoredEvent } from '../../../backplane/index.js';
import type { MessageText } from '../../messages/json-rpc.js';
import type { SessionEnd, SessionStream } from '../../sessions/peer.js';
import type { SseStream } from '../sse.stream.js';
import { EventWriter, type EventWriterOptions, unbroken } from './event.writer.js';

/** Reconnection time where the server closes a connection before its stream ends. */
export const RETRY_MS = 1_000;

/** The id of the event that ends a stream. A client that resumes from it has missed nothing. */
export const FINAL_EVENT = /^[a-z]+-[\w-]+\.[\w-]+\.\d+\.end$/;

export interface ResumableStreamOptions extends EventWriterOptions {
  readonly name: string;
  /** The client gets event ids without a message, to resume from. MCP 2025-11-25 and later. */
  readonly isPrimed: boolean;
}

/**
 * The outcome of resuming. `resumed`: the client gets the rest on its connection. `nothing_left`: the stream has ended
 * and the client has all of it. `unknown`: the event is unknown.
 */
export type Resumption = 'resumed' | 'nothing_left' | 'unknown';

/**
 * A stream of a session that outlives its connection: events are numbered and stored, and a client that reconnects with
 * its last event id gets the rest. MCP 2025-11-25, Transports, "Resumability".
 */
export class ResumableStream implements SessionStream {
  private connection: SseStream | undefined;
  private sent = 0;
  private finished = false;
  /** Id of the newest event sent on an open connection. */
  private lastId: string | undefined;
  /** Makes the name unique: the event store is shared with other nodes. */
  private readonly tag = randomBytes(6).toString('base64url');
  private readonly writer: EventWriter;

  constructor(private readonly options: ResumableStreamOptions) {
    this.writer = new EventWriter(options);
  }

  get name(): string {
    return this.options.name;
  }

  get isFinished(): boolean {
    return this.finished;
  }

  /** Whether the stream has finished and all its events are stored. */
  get isStored(): boolean {
    return this.finished && !this.writer.isBusy;
  }

  get isConnected(): boolean {
    return this.connection !== undefined;
  }

  /** Resolves when all events so far are stored, or cannot be stored now. */
  get stored(): Promise<void> {
    return this.writer.settled();
  }

  /** Sends on this connection from here on, beginning with an event id to resume from. */
  open(connection: SseStream): void {
    this.connect(connection);
    if (this.options.isPrimed) connection.prime(this.keep(''));
  }

  /** Continues after the client's last event. `open` is called once there is something to send or to wait for. */
  async resume(lastEventId: string, open: () => SseStream): Promise<Resumption> {
    if (FINAL_EVENT.test(lastEventId)) return 'nothing_left';
    let connection: SseStream | undefined;
    let last = lastEventId;
    let sent: number;
    do {
      sent = this.sent;
      const rest = await this.after(last);
      if (rest === undefined) {
        if (connection === undefined) return 'unknown';
        // The store has evicted events meanwhile: the client reconnects and gets the refusal.
        this.leave(connection, last);
        return 'resumed';
      }
      for (const { id, data } of rest) {
        if (data !== '') (connection ??= open()).numbered(id, data);
        last = id;
      }
      // Reads the store again for events that were sent during the read.
    } while (this.sent !== sent);
    if (this.finished || FINAL_EVENT.test(last)) {
      connection?.end('closed_by_server');
      return connection === undefined ? 'nothing_left' : 'resumed';
    }
    connection ??= open();
    this.lastId = last;
    this.connect(connection);
    return 'resumed';
  }

  /** False: a newer connection carries the stream. */
  disconnect(connection: SseStream): boolean {
    if (this.connection !== connection) return false;
    this.connection = undefined;
    return true;
  }

  send(message: MessageText): void {
    const id = this.keep(message.toString());
    this.connection?.numbered(id, message);
  }

  /**
   * Ends the stream: the connection closes once everything is sent. `isAnswered`: the awaited reply was sent. Otherwise
   * the client would reconnect, so it gets the final event id.
   */
  finish(isAnswered: boolean): void {
    this.finished = true;
    const id = this.keep('', '.end');
    if (!isAnswered && this.options.isPrimed) this.connection?.prime(id);
    this.connection?.end('closed_by_server');
  }

  /** Closes the connection if the client has an event id to resume from; the stream continues. */
  closeConnection(): void {
    if (this.options.isPrimed && this.connection !== undefined) this.leave(this.connection, this.lastId);
  }

  heartbeat(): void {
    const { connection, lastId } = this;
    // Without an id of this connection the SDKs' clients resume another stream.
    if (this.options.isPrimed && connection?.hasId === false && lastId !== undefined)
      connection.prime(lastId);
    connection?.heartbeat();
  }

  end(reason: SessionEnd): void {
    this.finished = true;
    this.writer.stop();
    if (reason === 'shutdown' && this.options.isPrimed) this.connection?.retryAfterStop();
    this.connection?.end(reason);
  }

  private connect(connection: SseStream): void {
    const before = this.connection;
    this.connection = connection;
    before?.end('replaced');
  }

  /** Closes a connection whose client is to reconnect, with an event id of that connection. */
  private leave(connection: SseStream, lastId: string | undefined): void {
    if (this.options.isPrimed) {
      if (!connection.hasId && lastId !== undefined) connection.prime(lastId);
      connection.retryAfter(RETRY_MS);
    }
    connection.end('closed_by_server');
  }

  private async after(id: string): Promise<readonly StoredEvent[] | undefined> {
    // A client that has the last event has missed nothing, even if the store has evicted it.
    if (id === this.lastId) return [];
    await this.writer.settled();
    const events = await this.options.log.after(this.options.logKey, id);
    return events && unbroken(id, events);
  }

  private keep(data: string, suffix = ''): string {
    const { name } = this.options;
    this.sent += 1;
    const id = `${name}.${this.tag}.${this.sent}${suffix}`;
    this.lastId = id;
    this.writer.append({ id, stream: name, data });
    return id;
  }
}
