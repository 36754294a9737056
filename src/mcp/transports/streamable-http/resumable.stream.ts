import { randomBytes } from 'node:crypto';
import type { ReplayEntry, ReplayLog } from '../../../backplane/index.js';
import type { SessionEnd, SessionStream } from '../../sessions/peer.js';
import type { SseStream } from '../sse.stream.js';

/** When a client should come back whose connection the server ends before its stream. */
const RETRY_MS = 1_000;

/** The id of the entry that ends a stream. A client that names it has missed nothing and waits for nothing. */
const FINAL_EVENT = /^[a-z]+-[\w-]+\.[\w-]+\.\d+\.end$/;

export interface ResumableStreamOptions {
  readonly name: string;
  readonly logKey: string;
  readonly log: ReplayLog;
  readonly onLost: (error: unknown) => void;
  /** Hears how many characters of the session this process keeps, after each event. */
  readonly onKept?: (characters: number) => void;
  /** The client is given ids without a message, to come back with. MCP 2025-11-25 and later. */
  readonly isPrimed: boolean;
  /** This node does not send on it: it is in the log alone. */
  readonly isElsewhere?: boolean;
}

/**
 * What became of a request for the rest of a stream: the client gets it on its connection; there is nothing left, and
 * never will be; or the event is not known any more.
 */
export type Resumption = 'resumed' | 'nothing_left' | 'unknown';

/**
 * A stream of a session that outlives its connection: what is sent is numbered and kept, and a client that
 * comes back with the last number that it saw gets the rest. MCP 2025-11-25, Transports, "Resumability".
 */
export class ResumableStream implements SessionStream {
  private connection: SseStream | undefined;
  private sent = 0;
  private finished = false;
  /** Of the newest event, which the client of an open connection has been given. */
  private lastId: string | undefined;
  /** Another node may have a stream of this name, and the log is one. */
  private readonly tag = randomBytes(6).toString('base64url');
  /** Appends follow one another, whatever each takes. */
  private appended: Promise<void> = Promise.resolve();

  constructor(private readonly options: ResumableStreamOptions) {}

  get name(): string {
    return this.options.name;
  }

  get isFinished(): boolean {
    return this.finished;
  }

  get isConnected(): boolean {
    return this.connection !== undefined;
  }

  /** Sends on this connection from here on, beginning with an id to come back with. */
  open(connection: SseStream): void {
    this.connect(connection);
    if (this.options.isPrimed) connection.prime(this.keep(''));
  }

  /** Goes on where the client stopped reading. `open` is called once there is something to send or to wait for. */
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
        // The log was overrun meanwhile: the client comes back, and is told so.
        this.leave(connection, last);
        return 'resumed';
      }
      for (const { id, data } of rest) {
        if (data !== '') (connection ??= open()).numbered(id, data);
        last = id;
      }
      // What was sent while the log was read is in the log when it is read again.
    } while (this.sent !== sent);
    if (this.finished || FINAL_EVENT.test(last)) {
      connection?.end('closed_by_server');
      return connection === undefined ? 'nothing_left' : 'resumed';
    }
    connection ??= open();
    if (this.options.isElsewhere === true) this.leave(connection, last);
    else {
      this.lastId = last;
      this.connect(connection);
    }
    return 'resumed';
  }

  /** False: a newer connection carries the stream. */
  disconnect(connection: SseStream): boolean {
    if (this.connection !== connection) return false;
    this.connection = undefined;
    return true;
  }

  send(message: string): void {
    const id = this.keep(message);
    this.connection?.numbered(id, message);
  }

  /**
   * Nothing more comes: the connection ends once everything is sent. `isAnswered`: what the client waits for has been
   * sent. Otherwise it would come back for it, and is given the id that ends the matter.
   */
  finish(isAnswered: boolean): void {
    this.finished = true;
    const id = this.keep('', '.end');
    if (!isAnswered && this.options.isPrimed) this.connection?.prime(id);
    this.connection?.end('closed_by_server');
  }

  /** Ends the connection, where the client has a number to come back with: the stream goes on without it. */
  closeConnection(): void {
    if (this.options.isPrimed && this.connection !== undefined) this.leave(this.connection, this.lastId);
  }

  heartbeat(): void {
    const { connection, lastId } = this;
    // Without an id of this very connection the SDKs' clients come back for another stream than this.
    if (this.options.isPrimed && connection?.hasId === false && lastId !== undefined)
      connection.prime(lastId);
    connection?.heartbeat();
  }

  end(reason: SessionEnd): void {
    this.finished = true;
    if (reason === 'shutdown' && this.options.isPrimed) this.connection?.retryAfter(RETRY_MS);
    this.connection?.end(reason);
  }

  private connect(connection: SseStream): void {
    const before = this.connection;
    this.connection = connection;
    before?.end('replaced');
  }

  /** Ends a connection whose client is to come back, with an id of that connection. */
  private leave(connection: SseStream, lastId: string | undefined): void {
    if (this.options.isPrimed) {
      if (!connection.hasId && lastId !== undefined) connection.prime(lastId);
      connection.retryAfter(RETRY_MS);
    }
    connection.end('closed_by_server');
  }

  private async after(id: string): Promise<readonly ReplayEntry[] | undefined> {
    // A client that has seen the last has missed nothing, however long ago that was.
    if (id === this.lastId) return [];
    await this.appended;
    return this.options.log.after(this.options.logKey, id);
  }

  private keep(data: string, suffix = ''): string {
    const { name, log, logKey, onLost, onKept } = this.options;
    this.sent += 1;
    const id = `${name}.${this.tag}.${this.sent}${suffix}`;
    this.lastId = id;
    const entry = { id, stream: name, data };
    this.appended = this.appended
      .then(() => log.append(logKey, entry))
      .then(onKept)
      .catch(onLost);
    return id;
  }
}
