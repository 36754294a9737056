import { Controller, Delete, Get, Post, Req, Res, UseFilters } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { RefusalFilter } from '../refusal.filter.js';
import { McpTransport } from './mcp.transport.js';

/** `/mcp`: Streamable HTTP. POST sends a message, GET opens a stream, DELETE ends the session. */
@Controller('mcp')
@UseFilters(RefusalFilter)
export class McpController {
  constructor(private readonly transport: McpTransport) {}

  @Post()
  post(@Req() request: IncomingMessage, @Res() response: ServerResponse): Promise<void> {
    return this.transport.post(request, response);
  }

  @Get()
  listen(@Req() request: IncomingMessage, @Res() response: ServerResponse): Promise<void> {
    return this.transport.listen(request, response);
  }

  @Delete()
  end(@Req() request: IncomingMessage, @Res() response: ServerResponse): Promise<void> {
    return this.transport.end(request, response);
  }
}
