import { Controller, Get, Req, Res, UseFilters } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { RefusalFilter } from '../refusal.filter.js';
import { HttpSseTransport } from './http-sse.transport.js';

/** `GET /sse`: the stream of a session. Its first event has the URL to post messages to. */
@Controller('sse')
@UseFilters(RefusalFilter)
export class SseController {
  constructor(private readonly transport: HttpSseTransport) {}

  @Get()
  open(@Req() request: IncomingMessage, @Res() response: ServerResponse): Promise<void> {
    return this.transport.open(request, response);
  }
}
