import { HttpStatus } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import type { RequestAuthorization } from '../../authorization/request-authorization.js';
import type { UserBudget } from '../../limits/in-flight.budgets.js';
import type { McpModuleOptions } from '../../mcp.options.js';
import type { MessageText } from '../../messages/json-rpc.js';
import type { Reply } from '../../protocol/message.dispatcher.js';
import type { ReplySink } from '../../sessions/peer.js';
import type { ReadMessages } from '../message.reader.js';
import { bytesOf, type ReadingLimits, sendWhole } from '../paced.writer.js';
import type { AcceptedTypes, McpHeaders, ProtocolRequest } from '../protocol-request.js';

/** A POST to /mcp with its messages. */
export interface McpPost {
  readonly incoming: ReadMessages;
  readonly authorization: RequestAuthorization;
  readonly accepted: AcceptedTypes;
  readonly request: ProtocolRequest;
  readonly headers: McpHeaders;
  readonly response: ServerResponse;
}

/** The stream that a response becomes once a message precedes the reply. */
export interface ReplyStream {
  send(message: MessageText): void;
  heartbeat(): void;
  /** Ends the stream: the connection closes once everything is sent. `isAnswered`: it included a reply. */
  finish(isAnswered: boolean): void;
  /** Closes the connection, not the stream. */
  closeConnection?(): void;
}

/** A reply is for its caller only. RFC 9111, section 5.2.2.5. */
const NOT_STORED = { 'Cache-Control': 'no-store' } as const;

/** Takes the messages for a client that accepts no event stream as the response to its POST. */
export interface OtherStream {
  /** Whether it has a connection. */
  readonly hasStream: boolean;
  send(message: MessageText): void;
}

export interface PostResponseOptions {
  readonly accepted: AcceptedTypes;
  /** Opens the stream that the response becomes, with these headers. */
  readonly openStream: (headers?: Readonly<Record<string, string>>) => ReplyStream;
  /** For messages ahead of the reply where the client accepts JSON only; without it they are dropped. */
  readonly otherStream?: OtherStream;
  /** The client reconnects for the rest of a stream whose connection has closed. */
  readonly isPolled?: () => boolean;
}

/**
 * The response to one POST: JSON, unless a message precedes the reply; then an event stream. MCP 2025-11-25,
 * Transports, "Sending Messages to the Server". A client that accepts only one of the two gets that type.
 */
export class PostResponse implements ReplySink {
  /** A message has preceded the reply. */
  hasBegun = false;
  private stream: ReplyStream | undefined = undefined;
  private silentSince: number | undefined = undefined;

  constructor(
    private readonly response: ServerResponse,
    private readonly limits: ReadingLimits & Pick<McpModuleOptions, 'heartbeatMs'>,
    /** The caller's budget, which counts the unread part of the response. */
    private readonly budget: UserBudget,
    /** Undefined: the response is JSON, and no message precedes the reply. */
    private readonly options?: PostResponseOptions,
  ) {}

  whenSent(listener: (isWhole: boolean) => void): void {
    const { response } = this;
    // If it is destroyed, `close` was already emitted.
    if (response.destroyed || response.writableFinished) listener(response.writableFinished);
    else response.once('close', () => listener(response.writableFinished));
  }

  /** Whether a message ahead of the reply can reach the client. */
  get reachesClient(): boolean {
    return this.options?.accepted.stream === true || this.options?.otherStream?.hasStream === true;
  }

  send(message: MessageText): void {
    const stream = this.begin();
    if (stream === undefined) this.options?.otherStream?.send(message);
    else stream.send(message);
  }

  closeStream(): void {
    // The client needs an event id to resume from, even if nothing was sent yet.
    if (this.options?.isPolled?.() === true) this.begin()?.closeConnection?.();
  }

  /**
   * Turns the response into a stream after one heartbeat interval: proxies and clients close a response that sends
   * nothing. `now`: of a monotonic clock, in milliseconds; the interval begins with the first call.
   */
  keepAlive(now: number): void {
    if (this.stream !== undefined || this.response.destroyed) return;
    this.silentSince ??= now;
    if (now - this.silentSince >= this.limits.heartbeatMs) this.begin()?.heartbeat();
  }

  /**
   * Sends the replies and ends. `batched`: the client sent an array, and gets one. Throws `BudgetExceededError`, before
   * it sends anything, if a JSON response exceeds what may wait for its client.
   */
  finish(
    replies: readonly Reply[],
    batched: boolean,
    status: HttpStatus = HttpStatus.OK,
    headers: Readonly<Record<string, string>> = {},
  ): void {
    const { response } = this;
    const [first] = replies;
    if (this.options?.accepted.json === false && first !== undefined && status === HttpStatus.OK) {
      this.begin(headers);
    }
    if (this.stream !== undefined) {
      for (const { text } of replies) this.stream.send(text);
      return this.stream.finish(first !== undefined);
    }
    if (first === undefined) {
      return void response.writeHead(HttpStatus.ACCEPTED, { ...headers, ...NOT_STORED }).end();
    }
    const text = batched ? `[${replies.map((reply) => reply.text).join(',')}]` : first.text;
    sendWhole(response, text, this.limits, this.budget, {
      status,
      headers: {
        ...headers,
        ...NOT_STORED,
        'Content-Type': 'application/json',
        'Content-Length': bytesOf(text),
      },
    });
  }

  /** Turns the response into a stream. Undefined: the client accepts none. */
  private begin(headers?: Readonly<Record<string, string>>): ReplyStream | undefined {
    if (this.options?.accepted.stream === true) {
      this.stream ??= this.options.openStream(headers);
      this.hasBegun = true;
    }
    return this.stream;
  }
}
