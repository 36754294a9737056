import type { ServerResponse } from 'node:http';
import type { SessionEnd, SessionStream } from '../../sessions/session.js';

const HEADERS = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-cache, no-transform',
  Connection: 'keep-alive',
  // Keeps nginx and its kin from holding events back.
  'X-Accel-Buffering': 'no',
};

const HEARTBEAT = ': heartbeat\n\n';

/**
 * Server-sent events on a response (WHATWG HTML, section 9.2). What is sent must be one line; JSON text is.
 * A stream on which more than `maxBufferedBytes` wait for the client to read is destroyed.
 */
export class SseStream implements SessionStream {
  private blockedAt: number | undefined;

  constructor(
    private readonly response: ServerResponse,
    private readonly maxBufferedBytes: number,
    onEnd: (reason: SessionEnd) => void,
  ) {
    response.once('close', () => onEnd('client_disconnected'));
    this.cutOff = () => onEnd('slow_client');
    response.writeHead(200, HEADERS);
  }

  private readonly cutOff: () => void;

  get stalledSince(): number | undefined {
    return this.blockedAt;
  }

  event(name: string, data: string): void {
    this.write(`event: ${name}\ndata: ${data}\n\n`);
  }

  send(message: string): void {
    this.event('message', message);
  }

  heartbeat(): void {
    this.write(HEARTBEAT);
  }

  end(reason: SessionEnd): void {
    // An orderly end would wait for the client to read what is buffered.
    if (reason === 'slow_client') this.response.destroy();
    else this.response.end();
  }

  private write(text: string): void {
    if (this.response.writableEnded || this.response.destroyed) return;
    if (this.response.write(text)) return;
    if (this.response.writableLength > this.maxBufferedBytes) this.cutOff();
    else if (this.blockedAt === undefined) {
      this.blockedAt = Date.now();
      this.response.once('drain', () => (this.blockedAt = undefined));
    }
  }
}
