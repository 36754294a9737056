import { randomBytes } from 'node:crypto';
import type { ReplayEntry, ReplayLog } from '../../../backplane/index.js';
import type { SessionEnd, SessionStream } from '../../sessions/peer.js';
import type { SseStream } from '../sse.stream.js';

/** When a client that lost its connection should come back. */
const RETRY_MS = 1_000;

/**
 * A stream of a session that outlives its connection: what is sent is numbered and kept, and a client that
 * comes back with the last number that it saw gets the rest. MCP 2025-11-25, Transports, "Resumability".
 */
export class ResumableStream implements SessionStream {
  private connection: SseStream | undefined;
  private primed = false;
  private sent = 0;
  /** Another node may have a stream of this name, and the log is one. */
  private readonly tag = randomBytes(6).toString('base64url');
  /** Appends follow one another, whatever each takes. */
  private appended: Promise<void> = Promise.resolve();

  constructor(
    private readonly name: string,
    private readonly logKey: string,
    private readonly log: ReplayLog,
    private readonly onLost: (error: unknown) => void,
    private finished = false,
  ) {}

  get isFinished(): boolean {
    return this.finished;
  }

  get isConnected(): boolean {
    return this.connection !== undefined;
  }

  /** Sends on this connection from here on; a new client is given a number to come back with. */
  connect(connection: SseStream, primed: boolean): void {
    const before = this.connection;
    this.connection = connection;
    before?.end('replaced');
    // Who comes back has a number already.
    this.primed ||= primed;
    if (primed) connection.prime(this.keep(''), RETRY_MS);
  }

  /** Goes on where the client stopped reading. False: what it asks for is gone, and nothing was sent. */
  async resume(lastEventId: string, connect: () => SseStream): Promise<boolean> {
    let connection: SseStream | undefined;
    let last = lastEventId;
    let sent: number;
    do {
      sent = this.sent;
      const rest = await this.after(last);
      if (rest === undefined) {
        // The log was overrun meanwhile: the client comes back, and is told so.
        connection?.end('closed_by_server');
        return connection !== undefined;
      }
      connection ??= connect();
      for (const { id, data } of rest) {
        if (data !== '') connection.numbered(id, data);
        last = id;
      }
      // What was sent while the log was read is in the log when it is read again.
    } while (this.sent !== sent);
    if (this.finished) connection.end('closed_by_server');
    else this.connect(connection, false);
    return true;
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

  /** Nothing more comes: the connection ends once everything is sent. */
  finish(): void {
    this.finished = true;
    this.connection?.end('closed_by_server');
  }

  /** Ends the connection, where the client has a number to come back with: the stream goes on without it. */
  interrupt(): void {
    if (this.primed) this.connection?.end('closed_by_server');
  }

  heartbeat(): void {
    this.connection?.heartbeat();
  }

  end(reason: SessionEnd): void {
    this.finished = true;
    this.connection?.end(reason);
  }

  private async after(id: string): Promise<readonly ReplayEntry[] | undefined> {
    // Whoever has seen the last has missed nothing, however long ago that was.
    if (this.sent > 0 && id === this.idOf(this.sent)) return [];
    await this.appended;
    return this.log.after(this.logKey, id);
  }

  private keep(data: string): string {
    this.sent += 1;
    const id = this.idOf(this.sent);
    const entry = { id, stream: this.name, data };
    this.appended = this.appended.then(() => this.log.append(this.logKey, entry)).catch(this.onLost);
    return id;
  }

  private idOf(number: number): string {
    return `${this.name}.${this.tag}.${number}`;
  }
}
