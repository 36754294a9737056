import { Controller, Post, Req, Res, UseFilters } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { RefusalFilter } from '../refusal.filter.js';
import { HttpSseTransport } from './http-sse.transport.js';

/** `POST /message?sessionId=…`: one JSON-RPC message for a session of the caller. */
@Controller('message')
@UseFilters(RefusalFilter)
export class MessageController {
  constructor(private readonly transport: HttpSseTransport) {}

  @Post()
  receive(@Req() request: IncomingMessage, @Res() response: ServerResponse): Promise<void> {
    return this.transport.receive(request, response);
  }
}
