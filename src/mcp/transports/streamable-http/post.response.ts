import { HttpStatus } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestAuthorization } from '../../authorization/request-authorization.js';
import type { ReplySink } from '../../invocation/message-context.js';
import type { UserBudget } from '../../limits/in-flight.budgets.js';
import type { McpModuleOptions } from '../../mcp.options.js';
import type { Reply } from '../../protocol/message.dispatcher.js';
import type { AcceptedTypes } from '../accepted-types.js';
import type { ReadMessages } from '../message.reader.js';
import { type ReadingLimits, sendWhole } from '../paced.writer.js';

/** A POST to /mcp whose messages have been read. */
export interface McpPost {
  readonly incoming: ReadMessages;
  readonly authorization: RequestAuthorization;
  readonly accepted: AcceptedTypes;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** The stream that an answer becomes once something goes ahead of it. */
export interface ReplyStream {
  send(message: string): void;
  heartbeat(): void;
  /** Nothing more comes: the connection ends once everything is sent. `isAnswered`: a reply was among it. */
  finish(isAnswered: boolean): void;
  /** Ends the connection, not the stream. */
  closeConnection?(): void;
}

/** An answer is for its caller alone. RFC 9111, section 5.2.2.5. */
const NOT_STORED = { 'Cache-Control': 'no-store' } as const;

/** Where the messages of a client go that accepts no event stream as the answer to its POST. */
export interface OtherStream {
  /** There is one. */
  readonly hasStream: boolean;
  send(message: string): void;
}

export interface PostExchangeOptions {
  readonly accepted: AcceptedTypes;
  /** Opens the stream that the answer becomes, with these headers. */
  readonly openStream: (headers?: Readonly<Record<string, string>>) => ReplyStream;
  /** What is sent ahead of the reply goes here where the client accepts JSON alone; without it, it is dropped. */
  readonly otherStream?: OtherStream;
  /** The client comes back for the rest of a stream whose connection has ended. */
  readonly isPolled?: boolean;
}

/**
 * The answer to one POST: JSON, unless a request sends something ahead of its reply. From then on it is a
 * stream of events. MCP 2025-11-25, Transports, "Sending Messages to the Server". A client that accepts only one
 * of the two gets that one.
 */
export class PostResponse implements ReplySink {
  private stream: ReplyStream | undefined;
  private silentSince: number | undefined;

  constructor(
    private readonly response: ServerResponse,
    private readonly limits: ReadingLimits & Pick<McpModuleOptions, 'heartbeatMs'>,
    /** Of the caller: what of the answer is not read yet is counted there. */
    private readonly budget: UserBudget,
    /** Undefined: the answer is JSON, and nothing goes ahead of it. */
    private readonly options?: PostExchangeOptions,
  ) {}

  /** Something has gone ahead of the reply. */
  get hasBegun(): boolean {
    return this.stream !== undefined;
  }

  /** Whether what is sent ahead of the reply can reach the client. */
  get reachesClient(): boolean {
    return this.options?.accepted.stream === true || this.options?.otherStream?.hasStream === true;
  }

  send(message: string): void {
    const stream = this.begin();
    if (stream === undefined) this.options?.otherStream?.send(message);
    else stream.send(message);
  }

  closeStream(): void {
    // The client has to have something to come back with, also where nothing was sent yet.
    if (this.options?.isPolled === true) this.begin()?.closeConnection?.();
  }

  /**
   * Makes the answer a stream once it has been waited for as long as a heartbeat: proxies and clients give up a
   * response of which nothing comes. `now`: of a clock that does not jump, in milliseconds; the time begins with the
   * first call.
   */
  keepAlive(now: number): void {
    if (this.stream !== undefined || this.response.destroyed) return;
    this.silentSince ??= now;
    if (now - this.silentSince >= this.limits.heartbeatMs) this.begin()?.heartbeat();
  }

  /**
   * Sends the replies and ends. `batched`: the client sent an array, and gets one. Throws `BudgetExceededError` before
   * anything is sent where a JSON answer is more than may wait for its client.
   */
  finish(
    replies: readonly Reply[],
    batched: boolean,
    status: HttpStatus = HttpStatus.OK,
    headers: Readonly<Record<string, string>> = {},
  ): void {
    const mustStream =
      this.options?.accepted.json === false && replies.length > 0 && status === HttpStatus.OK;
    if (mustStream) this.begin(headers);
    if (this.stream !== undefined) {
      for (const { text } of replies) this.stream.send(text);
      this.stream.finish(replies.length > 0);
    } else if (replies.length === 0) {
      this.response.writeHead(HttpStatus.ACCEPTED, { ...headers, ...NOT_STORED }).end();
    } else {
      const texts = replies.map(({ text }) => text);
      this.json(batched ? `[${texts.join(',')}]` : texts[0]!, status, headers);
    }
  }

  /** Makes the answer a stream. Undefined: the client accepts none. */
  private begin(headers?: Readonly<Record<string, string>>): ReplyStream | undefined {
    if (this.options?.accepted.stream === true) this.stream ??= this.options.openStream(headers);
    return this.stream;
  }

  private json(text: string, status: HttpStatus, headers: Readonly<Record<string, string>>): void {
    const length = Buffer.byteLength(text);
    sendWhole(this.response, text, this.limits, this.budget, () => {
      this.response.writeHead(status, {
        ...headers,
        ...NOT_STORED,
        'Content-Type': 'application/json',
        'Content-Length': length,
      });
    });
  }
}
