import type { SessionEnd, SessionStream } from '../../sessions/peer.js';
import type { ResumableStream } from './resumable.stream.js';

/** How many streams a session may have for messages that belong to no request. */
const MAX_STREAMS = 4;

/**
 * The streams of a session for messages that belong to no request. The newest connection carries the messages, and
 * the others stay open and silent: each message goes out on one stream. MCP 2025-11-25, Transports, "Multiple
 * Connections". Ending the others instead would make two streams of one client end each other again and again.
 */
export class StandaloneStreams implements SessionStream {
  /** The oldest connection first. Each is one that its client may come back to. */
  private readonly streams: ResumableStream[] = [];
  /** The one that messages go to. It goes on taking them while none is connected, for when its client comes back. */
  private carrier: ResumableStream | undefined;

  get isConnected(): boolean {
    return this.streams.some((stream) => stream.isConnected);
  }

  get(name: string): ResumableStream | undefined {
    return this.streams.find((stream) => stream.name === name);
  }

  /** `stream` has been connected just now: it carries the messages from here on. */
  carryOn(stream: ResumableStream): void {
    const at = this.streams.indexOf(stream);
    if (at !== -1) this.streams.splice(at, 1);
    this.streams.push(stream);
    this.carrier = stream;
    if (this.streams.length > MAX_STREAMS) this.evict();
  }

  /** `stream` has lost its connection: the newest of the others takes over, where there is one. */
  passOn(stream: ResumableStream): void {
    if (this.carrier !== stream) return;
    this.carrier = this.streams.findLast(({ isConnected }) => isConnected) ?? stream;
  }

  send(message: string): void {
    this.carrier?.send(message);
  }

  heartbeat(): void {
    for (const stream of this.streams) stream.heartbeat();
  }

  end(reason: SessionEnd): void {
    for (const stream of this.streams) stream.end(reason);
  }

  /** One without a connection is in the log, and can be had from there. One with a connection ends for good. */
  private evict(): void {
    const lost = this.streams.findIndex(({ isConnected }) => !isConnected);
    const [stream] = this.streams.splice(Math.max(lost, 0), 1);
    if (lost === -1) stream!.finish(false);
  }
}
