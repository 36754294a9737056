import { Injectable, MethodNotAllowedException } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type IncomingMessages, refusalOf } from '../../messages/incoming-messages.js';
import type { JsonRpcMessage } from '../../messages/json-rpc.js';
import { batchesUnsupported } from '../../messages/refused.error.js';
import { SESSION_VERSIONS, STATELESS_VERSION } from '../../messages/sdk-types.js';
import { acceptedReply } from '../accepted-types.js';
import { assertNoBody } from '../message-body.js';
import { MessageReader } from '../message.reader.js';
import { authorizationOf } from '../protocol-request.js';
import { versionIn } from '../request-envelope.js';
import { namesSession, protocolVersionIn } from './mcp-headers.js';
import { SessionTransport } from './session.transport.js';
import { StatelessTransport } from './stateless.transport.js';

/** `/mcp`: chooses between stateless and session messages. MCP 2026-07-28, Versioning, "Backward Compatibility". */
@Injectable()
export class McpTransport {
  constructor(
    private readonly stateful: SessionTransport,
    private readonly stateless: StatelessTransport,
    private readonly reader: MessageReader,
  ) {}

  /** `POST`: processes a message, or a batch where the revision allows it, and replies. */
  async post(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const accepted = acceptedReply(request);
    const authorization = authorizationOf(request);
    const { principal } = authorization;
    // Another caller's session is refused before the body is read.
    const named = namesModern(request) ? undefined : await this.stateful.namedSession(request, principal);
    const incoming = await this.reader.read(request, principal);
    const post = { incoming, authorization, accepted, request, response };
    try {
      const message = statelessMessage(incoming, request);
      if (message !== undefined) return await this.stateless.post(message, post);
      const session = named ?? (await this.stateful.namedSession(request, principal));
      return await this.stateful.post(session, post);
    } catch (error) {
      throw refusalOf(incoming, error);
    } finally {
      incoming.hold.release();
    }
  }

  /** `GET`: a stream of a session. */
  async listen(request: IncomingMessage, response: ServerResponse): Promise<void> {
    assertNoBody(request);
    if (!namesSession(request)) refuseModern(request, response);
    await this.stateful.listen(request, response, authorizationOf(request));
  }

  /** `DELETE`: ends a session. */
  async end(request: IncomingMessage, response: ServerResponse): Promise<void> {
    assertNoBody(request);
    if (!namesSession(request)) refuseModern(request, response);
    await this.stateful.end(request, response, authorizationOf(request).principal);
  }
}

/**
 * The message where it is stateless: its `_meta` names a revision or, in a request without a session, its headers do.
 * `initialize` opens a session, even if the headers name a stateless revision.
 */
function statelessMessage(
  { messages, batched }: IncomingMessages,
  request: IncomingMessage,
): JsonRpcMessage | undefined {
  const [message] = messages;
  if (batched || message === undefined) {
    if (namesModern(request) && !namesSession(request)) throw batchesUnsupported();
    return undefined;
  }
  if (versionIn(message) !== undefined) return message;
  if (namesSession(request)) return undefined;
  if (message.kind !== 'request') return namesModern(request) ? message : undefined;
  return message.method !== 'initialize' && namesStatelessVersion(request) ? message : undefined;
}

/** Revisions without sessions have only POST. */
function refuseModern(request: IncomingMessage, response: ServerResponse): void {
  if (!namesModern(request)) return;
  response.setHeader('Allow', 'POST');
  throw new MethodNotAllowedException('This protocol version allows POST only');
}

/**
 * The header names a revision without sessions, or an unsupported one; such a client gets the error of the newest
 * revision.
 */
function namesStatelessVersion(request: IncomingMessage): boolean {
  const version = protocolVersionIn(request);
  return version !== undefined && !SESSION_VERSIONS.includes(version);
}

function namesModern(request: IncomingMessage): boolean {
  const version = protocolVersionIn(request);
  return version !== undefined && version >= STATELESS_VERSION && /^\d/.test(version);
}
