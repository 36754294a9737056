import { Injectable, MethodNotAllowedException } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type IncomingMessages, refusalOf, versionIn } from '../../messages/incoming-messages.js';
import type { JsonRpcMessage } from '../../messages/json-rpc.js';
import { batchesUnsupported } from '../../messages/refused.error.js';
import { SESSION_VERSIONS } from '../../messages/sdk-types.js';
import { assertNoBody } from '../message-body.js';
import { MessageReader } from '../message.reader.js';
import { acceptedReply, authorizationOf, type McpHeaders, mcpHeaders } from '../protocol-request.js';
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
    const headers = mcpHeaders(request);
    const namesSession = headers.session !== undefined;
    let named =
      namesSession && !headers.isModern ? this.stateful.named(request, headers, principal) : undefined;
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

  /** `GET`: a stream of a session. */
  async listen(request: IncomingMessage, response: ServerResponse): Promise<void> {
    assertNoBody(request);
    refuseModern(mcpHeaders(request), response);
    await this.stateful.listen(request, response, authorizationOf(request));
  }

  /** `DELETE`: ends a session. */
  async end(request: IncomingMessage, response: ServerResponse): Promise<void> {
    assertNoBody(request);
    refuseModern(mcpHeaders(request), response);
    await this.stateful.end(request, response, authorizationOf(request).principal);
  }
}

/**
 * The message where it is stateless: its `_meta` names a revision or, in a request without a session, its headers do.
 * `initialize` opens a session, even if the headers name a stateless revision.
 */
function statelessMessage(
  { messages, batched }: IncomingMessages,
  { version, session, isModern }: McpHeaders,
): JsonRpcMessage | undefined {
  const [message] = messages;
  if (batched || message === undefined) {
    if (isModern && session === undefined) throw batchesUnsupported();
    return undefined;
  }
  if (versionIn(message) !== undefined) return message;
  if (session !== undefined) return undefined;
  if (message.kind !== 'request') return isModern ? message : undefined;
  // A client that names an unsupported revision gets the error of the newest one.
  const isStateless = version !== undefined && !SESSION_VERSIONS.includes(version);
  return message.method !== 'initialize' && isStateless ? message : undefined;
}

/** Revisions without sessions have only POST. */
function refuseModern({ session, isModern }: McpHeaders, response: ServerResponse): void {
  if (session !== undefined || !isModern) return;
  response.setHeader('Allow', 'POST');
  throw new MethodNotAllowedException('This protocol version allows POST only');
}
