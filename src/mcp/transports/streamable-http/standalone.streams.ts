import type { SessionEnd, SessionStream } from '../../sessions/peer.js';
import type { ResumableStream } from './resumable.stream.js';

/** Maximum standalone streams of a session. */
const MAX_STREAMS = 4;

/**
 * The standalone streams of a session. The newest connection carries the messages; the others stay open and idle, since
 * each message is sent on one stream only. MCP 2025-11-25, Transports, "Multiple Connections". If the others were
 * closed instead, two streams of one client would close each other repeatedly.
 */
export class StandaloneStreams implements SessionStream {
  /** The oldest connection first. A client may resume each of them. */
  private readonly streams: ResumableStream[] = [];
  /** The stream that messages go to. Without a connection it stores them until its client reconnects. */
  private carrier: ResumableStream | undefined;

  get isConnected(): boolean {
    return this.streams.some((stream) => stream.isConnected);
  }

  get(name: string): ResumableStream | undefined {
    return this.streams.find((stream) => stream.name === name);
  }

  /** `stream` has just been connected: it carries the messages from here on. */
  carryOn(stream: ResumableStream): void {
    const at = this.streams.indexOf(stream);
    if (at !== -1) this.streams.splice(at, 1);
    this.streams.push(stream);
    this.carrier = stream;
    if (this.streams.length > MAX_STREAMS) this.evict();
  }

  /** `stream` has lost its connection: the newest of the others takes over, if there is one. */
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

  /** A stream without a connection can be resumed from the event store. One with a connection ends. */
  private evict(): void {
    const lost = this.streams.findIndex(({ isConnected }) => !isConnected);
    const [stream] = this.streams.splice(Math.max(lost, 0), 1);
    if (lost === -1) stream!.finish(false);
  }
}
