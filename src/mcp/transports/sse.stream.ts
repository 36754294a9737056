import type { ServerResponse } from 'node:http';
import { Logger } from '@nestjs/common';
import { BudgetExceededError, type UserBudget } from '../limits/in-flight.budgets.js';
import { type MessageText, SharedText } from '../messages/json-rpc.js';
import type { SessionEnd, SessionStream } from '../sessions/peer.js';
import { cutAfter, PacedWriter, type ReadingLimits } from './paced.writer.js';

const HEADERS = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-cache, no-transform',
  // Keeps proxies such as nginx from buffering events.
  'X-Accel-Buffering': 'no',
};

/** What stands around the data of an event with a message. */
const MESSAGE = 'event: message\ndata: ';
const END = '\n\n';

const HEARTBEAT = ': heartbeat\n\n';

const LOGGER = new Logger('Stream');

/** Time to flush a stream that ends for another reason than its reply. */
const FLUSH_MS = 500;
/**
 * The shortest reconnection time of the clients of a stopping node, and the range over which theirs are spread.
 * Milliseconds.
 */
const STOP_RETRY_MS = 500;
const STOP_SPREAD_MS = 2_500;

/**
 * Server-sent events on a response (WHATWG HTML, section 9.2). Data must be one line; JSON text is. `onEnd` receives
 * `slow_client` if the client reads nothing, or `over_budget` if too much waits for its user. It must end the stream.
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
    // Emitted only once; `once` would keep an additional closure as long as the stream lives.
    response.on('close', () => onEnd('client_disconnected'));
    // `close` was emitted before this listener was added. In a microtask, so that the caller has the stream first.
    if (response.destroyed) queueMicrotask(() => onEnd('client_disconnected'));
    response.writeHead(200, { ...HEADERS, ...headers });
  }

  event(name: string, data: MessageText): void {
    this.write(SharedText.within(`event: ${name}\ndata: `, data, END));
  }

  /** Whether the client has an event id of this connection, to resume from. */
  get hasId(): boolean {
    return this.named;
  }

  /** An event that the client can name in `Last-Event-ID`. */
  numbered(id: string, data: MessageText): void {
    this.named = true;
    this.write(SharedText.within(`id: ${id}\nevent: message\ndata: `, data, '\n\n'));
  }

  /** Sends an event id to resume from. MCP 2025-11-25, Transports, "Sending Messages to the Server". */
  prime(id: string): void {
    this.named = true;
    this.write(`id: ${id}\ndata: \n\n`);
  }

  /** Sets the reconnection time, before the connection closes and the stream continues. */
  retryAfter(ms: number): void {
    this.write(`retry: ${ms}\n\n`);
  }

  /**
   * As {@link retryAfter}, when this node stops. The time is random, so that its clients do not all reconnect at once.
   */
  retryAfterStop(): void {
    this.retryAfter(STOP_RETRY_MS + Math.floor(Math.random() * STOP_SPREAD_MS));
  }

  send(message: MessageText): void {
    const isText = typeof message === 'string';
    this.write(isText ? MESSAGE + message + END : SharedText.within(MESSAGE, message, END));
  }

  /** Ends the stream. */
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

  private write(text: MessageText): void {
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
