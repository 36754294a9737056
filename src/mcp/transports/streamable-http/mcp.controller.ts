import { Controller, Delete, Get, Post, Req, Res, UseFilters } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import type { AuthenticatedRequest } from '../authenticated-request.js';
import { RefusalFilter } from '../refusal.filter.js';
import { McpTransport } from './mcp.transport.js';
import { SessionTransport } from './session.transport.js';

/** `/mcp`: Streamable HTTP. POST sends a message, GET listens, DELETE ends the session. */
@Controller('mcp')
@UseFilters(RefusalFilter)
export class McpController {
  constructor(
    private readonly transport: McpTransport,
    private readonly sessions: SessionTransport,
  ) {}

  @Post()
  post(@Req() request: AuthenticatedRequest, @Res() response: ServerResponse): Promise<void> {
    return this.transport.post(request, response);
  }

  @Get()
  listen(@Req() request: AuthenticatedRequest, @Res() response: ServerResponse): Promise<void> {
    return this.sessions.listen(request, response);
  }

  @Delete()
  end(@Req() request: AuthenticatedRequest, @Res() response: ServerResponse): Promise<void> {
    return this.sessions.end(request, response);
  }
}
