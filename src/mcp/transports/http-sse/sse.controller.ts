import { Controller, Get, Req, Res, UseFilters } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { RefusalFilter } from '../refusal.filter.js';
import type { AuthenticatedRequest } from '../authenticated-request.js';
import { HttpSseTransport } from './http-sse.transport.js';

/** `GET /sse`: the stream of a session. Its first event names the address to post messages to. */
@Controller('sse')
@UseFilters(RefusalFilter)
export class SseController {
  constructor(private readonly transport: HttpSseTransport) {}

  @Get()
  open(@Req() request: AuthenticatedRequest, @Res() response: ServerResponse): Promise<void> {
    return this.transport.open(request, response);
  }
}
