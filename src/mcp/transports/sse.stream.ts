import type { ServerResponse } from 'node:http';
import type { SessionEnd, SessionStream } from '../sessions/peer.js';
import { cutUnread, type ReadingLimits, readingTimeOf } from './unread-reply.js';

const HEADERS = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-cache, no-transform',
  // Keeps nginx and its kin from holding events back.
  'X-Accel-Buffering': 'no',
};

const HEARTBEAT = ': heartbeat\n\n';

/** What a stream may take to send the rest of what it has, where it ends for another reason than its reply. */
const FLUSH_MS = 500;

/**
 * Server-sent events on a response (WHATWG HTML, section 9.2). What is sent must be one line; JSON text is.
 * A stream whose client does not read is given up: `onEnd` hears `slow_client`, and has to end it.
 */
export class SseStream implements SessionStream {
  private blockedAt: number | undefined;

  constructor(
    private readonly response: ServerResponse,
    private readonly limits: ReadingLimits,
    private readonly onEnd: (reason: SessionEnd) => void,
    headers: Readonly<Record<string, string>> = {},
  ) {
    response.once('close', () => onEnd('client_disconnected'));
    // A client that has left before has closed it unheard. Told when whoever made the stream has it in hand.
    if (response.destroyed) queueMicrotask(() => onEnd('client_disconnected'));
    response.writeHead(200, { ...HEADERS, ...headers });
  }

  event(name: string, data: string): void {
    this.write(`event: ${name}\ndata: ${data}\n\n`);
  }

  /** An event that a client can name when it comes back: `Last-Event-ID`. */
  numbered(id: string, data: string): void {
    this.write(`id: ${id}\nevent: message\ndata: ${data}\n\n`);
  }

  /** Gives the client an id to come back with, and when to. MCP 2025-11-25, Transports. */
  prime(id: string, retryMs: number): void {
    this.write(`id: ${id}\nretry: ${retryMs}\ndata: \n\n`);
  }

  send(message: string): void {
    this.event('message', message);
  }

  /** Nothing more comes. */
  finish(): void {
    this.end('closed_by_server');
  }

  heartbeat(): void {
    if (this.blockedAt !== undefined && this.blockedAt + this.limits.maxStallMs <= Date.now()) {
      this.onEnd('slow_client');
    } else if (this.blockedAt === undefined) this.write(HEARTBEAT);
  }

  end(reason: SessionEnd): void {
    if (reason === 'slow_client') return void this.response.destroy();
    this.response.end();
    const isWhole = reason === 'closed_by_server';
    cutUnread(this.response, isWhole ? readingTimeOf(this.response, this.limits) : FLUSH_MS);
  }

  private write(text: string): void {
    if (this.response.writableEnded || this.response.destroyed) return;
    // What waits already counts, not this text: one large reply is nobody's fault.
    if (this.response.writableLength > this.limits.maxBufferedBytes) return this.onEnd('slow_client');
    if (this.response.write(text) || this.blockedAt !== undefined) return;
    this.blockedAt = Date.now();
    this.response.once('drain', () => (this.blockedAt = undefined));
  }
}
