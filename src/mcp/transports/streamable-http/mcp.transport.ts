import { Inject, Injectable, MethodNotAllowedException } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { CallLimiter } from '../../protocol/call.limiter.js';
import { MCP_OPTIONS, type McpModuleOptions } from '../../mcp.options.js';
import type { JsonRpcMessage } from '../../messages/json-rpc.js';
import { isModernVersion, SESSION_VERSIONS } from '../../messages/sdk-types.js';
import { principalOf } from '../../sessions/principal.js';
import { batchesUnsupported } from '../../sessions/request-refused.js';
import type { AuthenticatedRequest } from '../authenticated-request.js';
import { acceptedReply } from '../accepted-types.js';
import { type IncomingMessages, readMessages } from '../incoming-messages.js';
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
    const accepted = acceptedReply(request);
    // Somebody else's session is told from one's own before a body is read for it.
    const named = namesModern(request) ? undefined : await this.stateful.namedSession(request);
    const incoming = await readMessages(request, this.options.maxBodyBytes);
    if (incoming.batched && namesModern(request)) throw batchesUnsupported();
    await this.limiter.admit(incoming.messages, principalOf(request.auth), request.ip);
    const message = modernMessage(incoming, request);
    if (message === undefined) return this.stateful.post(incoming, named, accepted, request, response);
    // The token may have been revoked while the body was on its way.
    await request.admission.reauthorize();
    await this.stateless.post(message, accepted, request, response);
  }

  /** `GET`: a stream of a session's. */
  async listen(request: AuthenticatedRequest, response: ServerResponse): Promise<void> {
    refuseModern(request, response);
    await this.stateful.listen(request, response);
  }

  /** `DELETE`: ends a session. */
  async end(request: AuthenticatedRequest, response: ServerResponse): Promise<void> {
    refuseModern(request, response);
    await this.stateful.end(request, response);
  }
}

function modernMessage(
  { messages, batched }: IncomingMessages,
  request: AuthenticatedRequest,
): JsonRpcMessage | undefined {
  const message = messages[0]!;
  const named = message.kind === 'request' ? namesNoSession(request) : namesModern(request);
  const isModern = !batched && (versionIn(message) !== undefined || named);
  return isModern ? message : undefined;
}

/** Where there are no sessions there is POST alone. */
function refuseModern(request: AuthenticatedRequest, response: ServerResponse): void {
  if (!namesModern(request)) return;
  response.setHeader('Allow', 'POST');
  throw new MethodNotAllowedException('This protocol version has POST alone');
}

/** A revision that has no sessions, or one that is not spoken here: what answers is the newest there is. */
function namesNoSession({ headers }: AuthenticatedRequest): boolean {
  const version = headers['mcp-protocol-version'];
  return version !== undefined && !SESSION_VERSIONS.includes(String(version));
}

function namesModern({ headers }: AuthenticatedRequest): boolean {
  const version = headers['mcp-protocol-version'];
  return typeof version === 'string' && isModernVersion(version) && /^\d/.test(version);
}
