import { HttpStatus } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import type { ReplyOutlet } from '../../invocation/exchange.js';
import type { Reply } from '../../protocol/protocol.service.js';
import { cutUnread, type ReadingLimits, readingTimeOf } from '../unread-reply.js';

/** The stream that an answer becomes once something goes ahead of it. */
export interface ReplyStream {
  send(message: string): void;
  /** Nothing more comes: the connection ends once everything is sent. */
  finish(): void;
  /** Ends the connection, not the stream. */
  interrupt?(): void;
}

/** An answer is for its caller alone. RFC 9111, section 5.2.2.5. */
const NOT_STORED = { 'Cache-Control': 'no-store' } as const;

/**
 * The answer to one POST: JSON, unless a request sends something ahead of its reply. From then on it is a
 * stream of events. MCP 2025-11-25, Transports, "Sending Messages to the Server".
 */
export class PostExchange implements ReplyOutlet {
  private stream: ReplyStream | undefined;

  constructor(
    private readonly response: ServerResponse,
    private readonly limits: ReadingLimits,
    private readonly openStream?: () => ReplyStream,
    /** The client comes back for the rest of a stream whose connection has ended. */
    private readonly isPolled = false,
  ) {}

  /** Something has gone ahead of the reply. */
  get hasBegun(): boolean {
    return this.stream !== undefined;
  }

  send(message: string): void {
    this.stream ??= this.openStream?.();
    this.stream?.send(message);
  }

  interrupt(): void {
    if (!this.isPolled) return;
    // The client has to have something to come back with, also where nothing was sent yet.
    this.stream ??= this.openStream?.();
    this.stream?.interrupt?.();
  }

  /** Sends the replies and ends. `batched`: the client sent an array, and gets one. */
  finish(
    replies: readonly Reply[],
    batched: boolean,
    status: HttpStatus = HttpStatus.OK,
    headers: Readonly<Record<string, string>> = {},
  ): void {
    if (this.stream !== undefined) {
      for (const { text } of replies) this.stream.send(text);
      this.stream.finish();
    } else if (replies.length === 0) {
      this.response.writeHead(HttpStatus.ACCEPTED, { ...headers, ...NOT_STORED }).end();
    } else {
      const texts = replies.map(({ text }) => text);
      this.json(batched ? `[${texts.join(',')}]` : texts[0]!, status, headers);
    }
  }

  private json(text: string, status: HttpStatus, headers: Readonly<Record<string, string>>): void {
    const length = Buffer.byteLength(text);
    this.response
      .writeHead(status, {
        ...headers,
        ...NOT_STORED,
        'Content-Type': 'application/json',
        'Content-Length': length,
      })
      .end(text);
    cutUnread(this.response, readingTimeOf(this.response, this.limits));
  }
}
