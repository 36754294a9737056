import { randomBytes } from 'node:crypto';
import type { BackplaneNode, StoredEvent, EventStore } from '../../../backplane/index.js';
import { encodeError } from '../../messages/json-rpc.js';
import { ErrorCode, type RequestId } from '../../messages/sdk-types.js';
import type { SessionEnd, SessionStream } from '../../sessions/peer.js';
import type { SseStream } from '../sse.stream.js';
import { unbroken } from './event.writer.js';
import { FINAL_EVENT, type Resumption, RETRY_MS } from './resumable.stream.js';

/** Interval at which the event store is read for messages of the other node. Milliseconds. */
const POLL_MS = 500;
/** Number of reads after which this node asks the other node whether the reply will still come. */
const POLLS_PER_ASK = 10;

/** The origin of a reply. */
export interface ReplyOrigin {
  readonly node: string;
  /** The ids of the requests whose replies are sent on the stream. */
  readonly requests: readonly RequestId[];
}

export interface TailedReplyOptions {
  readonly name: string;
  readonly logKey: string;
  readonly log: EventStore;
  readonly node: BackplaneNode;
  /**
   * Resolves when the other node has stored all messages that it has sent. False: it has ended the reply. Rejects if it
   * does not answer.
   */
  readonly stored: () => Promise<boolean>;
  /** Undefined: the origin is unknown. */
  readonly origin: () => Promise<ReplyOrigin | undefined>;
  /** The client gets event ids without a message, to resume from. MCP 2025-11-25 and later. */
  readonly isPrimed: boolean;
}

/**
 * The stream of a reply that another node writes, for a client that resumes it on this node. It is read from the event
 * store until its end. If the other node is gone, or has ended a reply that the store has lost, each request gets a
 * JSON-RPC error as its reply.
 */
export class TailedReply implements SessionStream {
  private connection: SseStream | undefined;
  private origin: ReplyOrigin | undefined;
  private timer: NodeJS.Timeout | undefined;
  /** Id of the newest event that the client has. */
  private last = '';
  private hasEnded = false;
  private polls = 0;
  private readonly open = new Set<RequestId>();

  constructor(private readonly options: TailedReplyOptions) {}

  get isConnected(): boolean {
    return this.connection !== undefined && !this.hasEnded;
  }

  /** Continues after the client's last event. `open` is called once there is something to send or to wait for. */
  async resume(lastEventId: string, open: () => SseStream): Promise<Resumption> {
    if (FINAL_EVENT.test(lastEventId)) return 'nothing_left';
    this.last = lastEventId;
    const rest = (await this.rest()) ?? (await this.options.stored().then(() => this.rest()));
    if (rest === undefined) return 'unknown';
    const isOver = rest.some(({ id }) => FINAL_EVENT.test(id));
    if (isOver && rest.every(({ data }) => data === '')) return 'nothing_left';
    this.origin = isOver ? undefined : await this.options.origin();
    for (const id of this.origin?.requests ?? []) this.open.add(id);
    this.connection = open();
    this.deliver(rest);
    if (!this.isConnected) return 'resumed';
    if (this.origin === undefined) this.leave();
    else this.pollLater();
    return 'resumed';
  }

  disconnect(connection: SseStream): boolean {
    clearTimeout(this.timer);
    if (this.connection !== connection) return false;
    this.connection = undefined;
    return true;
  }

  /** No effect: the call's messages are sent on its own node. */
  send(): void {}

  heartbeat(): void {
    if (this.options.isPrimed && this.connection?.hasId === false) this.connection.prime(this.last);
    this.connection?.heartbeat();
  }

  end(reason: SessionEnd): void {
    if (reason === 'shutdown' && this.options.isPrimed) this.connection?.retryAfterStop();
    this.connection?.end(reason);
    this.hasEnded = true;
    clearTimeout(this.timer);
  }

  private async rest(): Promise<readonly StoredEvent[] | undefined> {
    const events = await this.options.log.after(this.options.logKey, this.last);
    return events && unbroken(this.last, events);
  }

  private pollLater(): void {
    this.timer = setTimeout(() => void this.poll(), POLL_MS).unref();
  }

  private async poll(): Promise<void> {
    const { node } = this.origin!;
    try {
      // Checked before the store is read: the store then contains all that the node sent before it was gone.
      const isGone = (await this.options.node.membership.check(node)) === 'gone';
      this.polls += 1;
      const isAsked = !isGone && this.polls % POLLS_PER_ASK === 0;
      const isLost = isGone || (isAsked && !(await this.options.stored()));
      const rest = await this.rest();
      if (!this.isConnected) return;
      // The store has evicted events meanwhile: the client reconnects and gets the refusal.
      if (rest === undefined) return this.leave();
      this.deliver(rest);
      if (this.isConnected && isLost) await this.abandon();
    } catch {
      // The store is unavailable: its events are sent later.
    }
    if (this.isConnected) this.pollLater();
  }

  /** Sends the messages of the other node; ends with the stream. */
  private deliver(entries: readonly StoredEvent[]): void {
    for (const { id, data } of entries) {
      this.last = id;
      if (data !== '') {
        this.connection?.numbered(id, data);
        this.open.delete((JSON.parse(data) as { id: RequestId }).id);
      }
      if (FINAL_EVENT.test(id)) this.end('closed_by_server');
    }
  }

  /**
   * Replies for a node that is gone. They are stored, so that every client that resumes the stream gets the same
   * replies.
   */
  private async abandon(): Promise<void> {
    const { name, log, logKey } = this.options;
    const tag = randomBytes(6).toString('base64url');
    const texts = [...this.open].map((id) =>
      encodeError(id, ErrorCode.ConnectionClosed, 'The reply to this request is lost'),
    );
    const entries = [...texts, ''].map((data, at) => {
      const suffix = data === '' ? '.end' : '';
      return { id: `${name}.${tag}.${at + 1}${suffix}`, stream: name, data };
    });
    for (const entry of entries) await log.append(logKey, entry);
    this.deliver(entries);
  }

  /** Closes a connection whose client is to reconnect, with an event id of that connection. */
  private leave(): void {
    const { connection, last } = this;
    if (this.options.isPrimed) {
      if (connection?.hasId === false) connection.prime(last);
      connection?.retryAfter(RETRY_MS);
    }
    this.end('closed_by_server');
  }
}
