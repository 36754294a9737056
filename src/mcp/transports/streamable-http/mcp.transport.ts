import { Inject, Injectable } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { CallLimiter } from '../../invocation/call.limiter.js';
import { MCP_OPTIONS, type McpModuleOptions } from '../../mcp.options.js';
import type { JsonRpcMessage } from '../../protocol/json-rpc.js';
import { isModernVersion } from '../../protocol/sdk-types.js';
import { principalOf } from '../../sessions/principal.js';
import type { AuthenticatedRequest } from '../authenticated-request.js';
import { type IncomingMessages, readMessages } from '../incoming-messages.js';
import { assertAccepts } from './mcp-headers.js';
import { versionIn } from '../request-envelope.js';
import { SessionTransport } from './session.transport.js';
import { StatelessTransport } from './stateless.transport.js';

/** `/mcp`: tells which kind of revision a message is of. MCP 2026-07-28, Versioning, "Backward Compatibility". */
@Injectable()
export class McpTransport {
  constructor(
    private readonly stateful: SessionTransport,
    private readonly stateless: StatelessTransport,
    private readonly limiter: CallLimiter,
    @Inject(MCP_OPTIONS) private readonly options: McpModuleOptions,
  ) {}

  /** `POST`: takes a message, or a batch where the revision has them, and answers it. */
  async post(request: AuthenticatedRequest, response: ServerResponse): Promise<void> {
    assertAccepts(request, 'application/json', 'text/event-stream');
    // Somebody else's session is told from one's own before a body is read for it.
    if (!namesModern(request)) await this.stateful.assertOwn(request);
    const incoming = await readMessages(request, this.options.maxBodyBytes);
    await this.limiter.admit(incoming.messages, principalOf(request.auth));
    // The token may have been revoked while the body was on its way.
    await request.reauthorize?.();
    const message = modernMessage(incoming, request);
    if (message === undefined) await this.stateful.post(incoming, request, response);
    else await this.stateless.post(message, request, response);
  }
}

function modernMessage(
  { messages, batched }: IncomingMessages,
  request: AuthenticatedRequest,
): JsonRpcMessage | undefined {
  const message = messages[0]!;
  const isModern = !batched && (versionIn(message) !== undefined || namesModern(request));
  return isModern ? message : undefined;
}

function namesModern({ headers }: AuthenticatedRequest): boolean {
  const version = headers['mcp-protocol-version'];
  return typeof version === 'string' && isModernVersion(version) && /^\d/.test(version);
}
