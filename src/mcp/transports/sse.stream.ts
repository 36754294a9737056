import type { ServerResponse } from 'node:http';
import { Logger } from '@nestjs/common';
import { BudgetExceededError, type UserBudget } from '../limits/in-flight.budgets.js';
import type { SessionEnd, SessionStream } from '../sessions/peer.js';
import { cutAfter, PacedWriter, type ReadingLimits } from './paced.writer.js';

const HEADERS = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-cache, no-transform',
  // Keeps nginx and its kin from holding events back.
  'X-Accel-Buffering': 'no',
};

const HEARTBEAT = ': heartbeat\n\n';

const LOGGER = new Logger('Stream');

/** What a stream may take to send the rest of what it has, where it ends for another reason than its reply. */
const FLUSH_MS = 500;

/**
 * Server-sent events on a response (WHATWG HTML, section 9.2). What is sent must be one line; JSON text is.
 * A stream whose client reads nothing is given up: `onEnd` hears `slow_client`, and has to end it; or `over_budget`, where
 * what waits is more than may be held for its user.
 */
export class SseStream implements SessionStream {
  private readonly writer: PacedWriter;
  private named = false;

  constructor(
    private readonly response: ServerResponse,
    limits: ReadingLimits,
    private readonly onEnd: (reason: SessionEnd) => void,
    headers: Readonly<Record<string, string>> = {},
    private readonly budget?: UserBudget,
  ) {
    this.writer = new PacedWriter(response, limits, undefined, budget?.hold(0));
    response.once('close', () => onEnd('client_disconnected'));
    // A client that has left before has closed it unheard. Told when whoever made the stream has it in hand.
    if (response.destroyed) queueMicrotask(() => onEnd('client_disconnected'));
    response.writeHead(200, { ...HEADERS, ...headers });
  }

  event(name: string, data: string): void {
    this.write(`event: ${name}\ndata: ${data}\n\n`);
  }

  /** Whether the client has an id of this connection to come back with. */
  get hasId(): boolean {
    return this.named;
  }

  /** An event that a client can name when it comes back: `Last-Event-ID`. */
  numbered(id: string, data: string): void {
    this.named = true;
    this.write(`id: ${id}\nevent: message\ndata: ${data}\n\n`);
  }

  /** Gives the client an id to come back with. MCP 2025-11-25, Transports, "Sending Messages to the Server". */
  prime(id: string): void {
    this.named = true;
    this.write(`id: ${id}\ndata: \n\n`);
  }

  /** Tells when to come back, ahead of an end of the connection that is not the end of the stream. */
  retryAfter(ms: number): void {
    this.write(`retry: ${ms}\n\n`);
  }

  send(message: string): void {
    this.event('message', message);
  }

  /** Nothing more comes. */
  finish(): void {
    this.end('closed_by_server');
  }

  heartbeat(): void {
    if (this.writer.isStalled) this.onEnd('slow_client');
    else if (this.writer.waiting === 0) this.write(HEARTBEAT);
  }

  end(reason: SessionEnd): void {
    if (reason === 'slow_client' || reason === 'over_budget') return void this.response.destroy();
    this.writer.end();
    if (reason !== 'closed_by_server') cutAfter(this.response, FLUSH_MS);
  }

  private write(text: string): void {
    try {
      if (!this.writer.write(text)) this.onEnd('slow_client');
    } catch (error) {
      if (!(error instanceof BudgetExceededError)) throw error;
      const { user } = this.budget!;
      LOGGER.warn({ event: 'stream.over_budget', user, whose: error.whose, bytes: text.length });
      this.onEnd('over_budget');
    }
  }
}
