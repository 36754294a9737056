import type { SessionEnd, SessionStream } from '../../sessions/peer.js';
import type { StandaloneStream } from './standalone.stream.js';
import type { MessageText } from '../../messages/json-rpc.js';

/** Maximum standalone streams of a session on one node. */
const MAX_STREAMS = 4;

/**
 * The standalone streams of a session on this node. One of them, or one on another node, carries the messages; the
 * others stay open and idle, since each message is sent on one stream only. MCP 2025-11-25, Transports, "Multiple
 * Connections". If the others were closed instead, two streams of one client would close each other repeatedly.
 */
export class StandaloneStreams implements SessionStream {
  /** The oldest connection first. */
  private readonly streams: StandaloneStream[] = [];
  private carrier: StandaloneStream | undefined;

  get newest(): StandaloneStream | undefined {
    return this.streams.at(-1);
  }

  /** One of these carries the messages of the session. */
  get isCarrying(): boolean {
    return this.carrier !== undefined;
  }

  add(stream: StandaloneStream): void {
    this.streams.push(stream);
    if (this.streams.length > MAX_STREAMS) this.streams.shift()?.finish();
  }

  /** True: it carried the messages. */
  remove(stream: StandaloneStream): boolean {
    const at = this.streams.indexOf(stream);
    if (at !== -1) this.streams.splice(at, 1);
    if (this.carrier !== stream) return false;
    this.carrier = undefined;
    return true;
  }

  /**
   * The stream of this name, on the connection of this key, carries the messages from now on. It may be on another
   * node.
   */
  carriedBy(name: string, key: string): void {
    this.carrier = this.streams.find((stream) => stream.key === key);
    const replaced = this.streams.filter((stream) => stream.name === name && stream.key !== key);
    for (const stream of replaced) {
      this.remove(stream);
      stream.end('replaced');
    }
  }

  /**
   * `offset`: position of a change; only the stream that carries the messages sends it, and it may be on another node.
   */
  send(message: MessageText, offset?: string): void {
    if (offset !== undefined) this.carrier?.send(message, offset);
    else (this.carrier ?? this.newest)?.send(message);
  }

  heartbeat(): void {
    for (const stream of this.streams) stream.heartbeat();
  }

  end(reason: SessionEnd): void {
    for (const stream of this.streams.splice(0)) stream.end(reason);
  }
}
