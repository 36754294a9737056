import { HttpStatus } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import type { MessageOutlet } from '../../sessions/session.js';
import type { ResumableStream } from './resumable.stream.js';

/**
 * The answer to one POST: JSON, unless a request sends something ahead of its reply. From then on it is a
 * stream of events. MCP 2025-11-25, Transports, "Sending Messages to the Server".
 */
export class PostExchange implements MessageOutlet {
  private stream: ResumableStream | undefined;

  constructor(
    private readonly response: ServerResponse,
    private readonly openStream: () => ResumableStream,
  ) {}

  send(message: string): void {
    this.stream ??= this.openStream();
    this.stream.send(message);
  }

  /** Sends the replies and ends. `batched`: the client sent an array, and gets one. */
  finish(replies: readonly string[], batched: boolean, headers: Readonly<Record<string, string>>): void {
    if (this.stream !== undefined) {
      for (const reply of replies) this.stream.send(reply);
      this.stream.finish();
    } else if (replies.length === 0) this.response.writeHead(HttpStatus.ACCEPTED, headers).end();
    else this.json(batched ? `[${replies.join(',')}]` : replies[0]!, headers);
  }

  private json(text: string, headers: Readonly<Record<string, string>>): void {
    const length = Buffer.byteLength(text);
    this.response
      .writeHead(HttpStatus.OK, { ...headers, 'Content-Type': 'application/json', 'Content-Length': length })
      .end(text);
  }
}
