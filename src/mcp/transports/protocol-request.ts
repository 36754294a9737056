import { MethodNotAllowedException } from '@nestjs/common';
import Negotiator from 'negotiator';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AuthorizedRequest, RequestAuthorization } from '../authorization/request-authorization.js';
import { missingSession, RefusedError, unknownSession } from '../messages/refused.error.js';
import {
  ErrorCode,
  SESSION_VERSIONS,
  STATELESS_VERSION,
  SUPPORTED_PROTOCOL_VERSIONS,
} from '../messages/sdk-types.js';

/** A request to an endpoint of the protocol. */
export interface ProtocolRequest extends IncomingMessage, AuthorizedRequest {
  /** The address of the client, as Express finds it; a forwarded one only from a trusted proxy. */
  readonly ip?: string;
}

/** The authorization of a request. Throws where the application has no guard on the protocol's routes. */
export function authorizationOf({ authorization }: ProtocolRequest): RequestAuthorization {
  if (authorization !== undefined) return authorization;
  throw new TypeError('No guard has let this request in: it has no authorization');
}

/** The methods of each endpoint, for `Allow`. RFC 9110, section 15.5.6. */
export const ALLOWED = { mcp: 'POST, GET, DELETE', message: 'POST', sse: 'GET' } as const;

/** @throws MethodNotAllowedException; sets `Allow` on the response. */
export function refuseMethod(response: ServerResponse, allowed: string): never {
  response.setHeader('Allow', allowed);
  throw new MethodNotAllowedException(`This address allows ${allowed} only`);
}

/** Express routes HEAD to GET handlers; a stream without a body is useless. */
export function refuseHead({ method }: IncomingMessage, response: ServerResponse, allowed: string): void {
  if (method === 'HEAD') refuseMethod(response, allowed);
}

/**
 * Refuses a request whose session or stateless peer ended before a reply: 401 where its token is no longer valid, 404
 * where only the session has ended. With 202 its client would wait.
 */
export async function refuseUnanswered(
  authorization: RequestAuthorization,
  response: ServerResponse,
): Promise<void> {
  if (response.destroyed) return;
  await authorization.reauthorize();
  if (authorization.principal.expiresAt <= Date.now()) throw authorization.tokenExpired();
  throw unknownSession();
}

const JSON_TYPE = 'application/json';
const STREAM_TYPE = 'text/event-stream';
const UTF8 = ';charset=utf-8';

/** The media types that the client accepts for a reply. */
export interface AcceptedTypes {
  readonly json: boolean;
  readonly stream: boolean;
}

const BOTH: AcceptedTypes = { json: true, stream: true };

/**
 * The media types that the client accepts for the reply to its POST: both where it sends no `Accept`. Refuses with 406
 * a client that accepts neither. RFC 9110, section 12.5.1.
 */
export function acceptedReply({ headers: { accept } }: IncomingMessage): AcceptedTypes {
  // The value that nearly every client sends.
  if (accept === undefined || accept === `${JSON_TYPE}, ${STREAM_TYPE}`) return BOTH;
  const accepted = acceptedTypes(accept);
  if (accepted.json || accepted.stream) return accepted;
  throw notAcceptable(JSON_TYPE, STREAM_TYPE);
}

/** Refuses with 406 a client that does not accept an event stream, where the response must be one. */
export function assertAcceptsStream({ headers: { accept } }: IncomingMessage): void {
  if (accept !== undefined && !acceptedTypes(accept).stream) throw notAcceptable(STREAM_TYPE);
}

function acceptedTypes(accept: string): AcceptedTypes {
  const negotiator = new Negotiator({ headers: { accept } });
  const ranges = negotiator.mediaTypes().map((range) => range.toLowerCase());
  // A named type counts with any parameters; a wildcard counts where nothing more specific excludes the type.
  const accepts = (type: string): boolean =>
    ranges.includes(type) || negotiator.mediaTypes([type, type + UTF8]).length > 0;
  return { json: accepts(JSON_TYPE), stream: accepts(STREAM_TYPE) };
}

function notAcceptable(...types: readonly string[]): RefusedError {
  return new RefusedError('not_acceptable', `The Accept header must allow ${types.join(' or ')}`);
}

/** What the headers of a request to `/mcp` say of its revision and its session. */
export interface McpHeaders {
  /** `Mcp-Protocol-Version`; undefined where it is missing or empty. */
  readonly version: string | undefined;
  /** The version is a revision without sessions. */
  readonly isModern: boolean;
  /** `Mcp-Session-Id` as it was sent, live or not; undefined where it is missing or empty. */
  readonly session: string | undefined;
}

export function mcpHeaders({ headers }: IncomingMessage): McpHeaders {
  const { 'mcp-protocol-version': named, 'mcp-session-id': id } = headers;
  // Node joins repeated headers; no revision has such a name.
  const version = named === undefined || named === '' ? undefined : String(named);
  return {
    version,
    isModern:
      version !== undefined &&
      !SESSION_VERSIONS.includes(version) &&
      version >= STATELESS_VERSION &&
      /^\d/.test(version),
    session: id === undefined || id === '' ? undefined : String(id),
  };
}

/**
 * Refuses with 400 an unsupported revision. One that differs from the session's is accepted: the session has negotiated
 * its revision. MCP 2025-11-25, "Protocol Version Header".
 */
export function assertProtocolVersion({ version }: McpHeaders): void {
  if (version === undefined || SUPPORTED_PROTOCOL_VERSIONS.includes(version)) return;
  throw new RefusedError(
    'unsupported_protocol_version',
    `Unsupported protocol version: this server speaks ${SUPPORTED_PROTOCOL_VERSIONS.join(', ')}`,
    { code: ErrorCode.UnsupportedProtocolVersion },
  );
}

/** The session that a request names; 400 when it names none, or several. */
export function sessionIdOf(request: IncomingMessage): string {
  const id = onlyHeader(request, 'mcp-session-id');
  if (id !== undefined && id !== '') return id;
  throw missingSession('The Mcp-Session-Id header is required, once: the reply to initialize carries it');
}

/** The value of a header that must occur once; undefined where it is missing or repeated. */
export function onlyHeader(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  // Node joins repeated headers with a comma: only then are the raw headers read.
  if (typeof value === 'string' && !value.includes(',')) return value;
  const values = request.headersDistinct[name];
  return values?.length === 1 ? values[0] : undefined;
}
