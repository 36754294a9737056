import { Injectable, MethodNotAllowedException } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import type { JsonRpcMessage } from '../../messages/json-rpc.js';
import { isModernVersion, SESSION_VERSIONS } from '../../messages/sdk-types.js';
import { batchesUnsupported } from '../../sessions/request-refused.js';
import type { AuthenticatedRequest } from '../authenticated-request.js';
import { acceptedReply } from '../accepted-types.js';
import { type IncomingMessages, refusalOf } from '../incoming-messages.js';
import { MessageIntake } from '../message.intake.js';
import { versionIn } from '../request-envelope.js';
import { namesSession, protocolVersionIn } from './mcp-headers.js';
import { SessionTransport } from './session.transport.js';
import { StatelessTransport } from './stateless.transport.js';
import { assertNoBody } from '../message-body.js';

/** `/mcp`: tells which kind of revision a message is of. MCP 2026-07-28, Versioning, "Backward Compatibility". */
@Injectable()
export class McpTransport {
  constructor(
    private readonly stateful: SessionTransport,
    private readonly stateless: StatelessTransport,
    private readonly intake: MessageIntake,
  ) {}

  /** `POST`: takes a message, or a batch where the revision has them, and answers it. */
  async post(request: AuthenticatedRequest, response: ServerResponse): Promise<void> {
    const accepted = acceptedReply(request);
    // Another caller's session is refused before a body is read for it.
    const named = namesModern(request) ? undefined : await this.stateful.namedSession(request);
    const incoming = await this.intake.take(request);
    try {
      const message = statelessMessage(incoming, request);
      if (message === undefined) {
        const session = named ?? (await this.stateful.namedSession(request));
        return await this.stateful.post(incoming, session, accepted, request, response);
      }
      // The token may have been revoked while the body was on its way.
      await request.admission.reauthorize();
      await this.stateless.post(message, incoming.hold, accepted, request, response);
    } catch (error) {
      throw refusalOf(incoming, error);
    } finally {
      incoming.hold.release();
    }
  }

  /** `GET`: a stream of a session's. */
  async listen(request: AuthenticatedRequest, response: ServerResponse): Promise<void> {
    assertNoBody(request);
    if (!namesSession(request)) refuseModern(request, response);
    await this.stateful.listen(request, response);
  }

  /** `DELETE`: ends a session. */
  async end(request: AuthenticatedRequest, response: ServerResponse): Promise<void> {
    assertNoBody(request);
    if (!namesSession(request)) refuseModern(request, response);
    await this.stateful.end(request, response);
  }
}

/**
 * The message, where it belongs to no session: its `_meta` names a revision, or, in a request that names no session
 * either, its headers do. `initialize` opens a session whatever the headers say.
 */
function statelessMessage(
  { messages, batched }: IncomingMessages,
  request: AuthenticatedRequest,
): JsonRpcMessage | undefined {
  const [message] = messages;
  if (batched || message === undefined) {
    if (namesModern(request) && !namesSession(request)) throw batchesUnsupported();
    return undefined;
  }
  if (versionIn(message) !== undefined) return message;
  if (namesSession(request)) return undefined;
  if (message.kind !== 'request') return namesModern(request) ? message : undefined;
  return message.method !== 'initialize' && namesNoSessionVersion(request) ? message : undefined;
}

/** Where there are no sessions there is POST alone. */
function refuseModern(request: AuthenticatedRequest, response: ServerResponse): void {
  if (!namesModern(request)) return;
  response.setHeader('Allow', 'POST');
  throw new MethodNotAllowedException('This protocol version has POST alone');
}

/** A revision that has no sessions, or one that is not spoken here: what answers is the newest there is. */
function namesNoSessionVersion(request: AuthenticatedRequest): boolean {
  const version = protocolVersionIn(request);
  return version !== undefined && !SESSION_VERSIONS.includes(version);
}

function namesModern(request: AuthenticatedRequest): boolean {
  const version = protocolVersionIn(request);
  return version !== undefined && isModernVersion(version) && /^\d/.test(version);
}
