import {
  Controller,
  Delete,
  Get,
  MethodNotAllowedException,
  Post,
  Req,
  Res,
  UseFilters,
} from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { refusalOf } from '../../messages/incoming-messages.js';
import { assertNoBody } from '../message-body.js';
import { MessageReader } from '../message.reader.js';
import { acceptedReply, authorizationOf, type McpHeaders, mcpHeaders } from '../protocol-request.js';
import { RefusalFilter } from '../refusal.filter.js';
import { SessionTransport } from './session.transport.js';
import { statelessMessage, StatelessTransport } from './stateless.transport.js';

/**
 * `/mcp`: Streamable HTTP. POST sends a message, GET opens a stream of a session, DELETE ends a session. Chooses between
 * messages of a session and stateless ones: MCP 2026-07-28, Versioning, "Backward Compatibility".
 */
@Controller('mcp')
@UseFilters(RefusalFilter)
export class McpController {
  constructor(
    private readonly stateful: SessionTransport,
    private readonly stateless: StatelessTransport,
    private readonly reader: MessageReader,
  ) {}

  /** Processes a message, or a batch where the revision allows it, and replies. */
  @Post()
  async post(@Req() request: IncomingMessage, @Res() response: ServerResponse): Promise<void> {
    const accepted = acceptedReply(request);
    const authorization = authorizationOf(request);
    const { principal, authorizedAt } = authorization;
    // Another caller's session is refused before the body is read.
    const headers = mcpHeaders(request);
    const namesSession = headers.session !== undefined;
    const isStateful = namesSession && !headers.isModern;
    let named = isStateful ? this.stateful.named(request, headers, principal, authorizedAt) : undefined;
    if (named instanceof Promise) named = await named;
    const incoming = await this.reader.read(request, principal);
    const post = { incoming, authorization, accepted, headers, request, response };
    try {
      const message = statelessMessage(incoming, headers);
      if (message !== undefined) return await this.stateless.post(message, post);
      if (namesSession) named ??= await this.stateful.named(request, headers, principal);
      return await this.stateful.post(named, post);
    } catch (error) {
      throw refusalOf(incoming, error);
    } finally {
      incoming.hold.release();
    }
  }

  @Get()
  async listen(@Req() request: IncomingMessage, @Res() response: ServerResponse): Promise<void> {
    assertNoBody(request);
    refuseModern(mcpHeaders(request), response);
    await this.stateful.listen(request, response, authorizationOf(request));
  }

  @Delete()
  async end(@Req() request: IncomingMessage, @Res() response: ServerResponse): Promise<void> {
    assertNoBody(request);
    refuseModern(mcpHeaders(request), response);
    await this.stateful.end(request, response, authorizationOf(request).principal);
  }
}

/** Revisions without sessions have only POST. */
function refuseModern({ session, isModern }: McpHeaders, response: ServerResponse): void {
  if (session !== undefined || !isModern) return;
  response.setHeader('Allow', 'POST');
  throw new MethodNotAllowedException('This protocol version allows POST only');
}
