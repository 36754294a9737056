import { MethodNotAllowedException } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AuthorizedRequest, RequestAuthorization } from '../authorization/request-authorization.js';
import { unknownSession } from '../messages/refused.error.js';

/** The authorization of a request. Throws where the application has no guard on the protocol's routes. */
export function authorizationOf({
  authorization,
}: IncomingMessage & AuthorizedRequest): RequestAuthorization {
  if (authorization !== undefined) return authorization;
  throw new TypeError('No guard has let this request in: it has no authorization');
}

/** The address of the client; a forwarded one only from a trusted proxy. */
export function addressOf(request: IncomingMessage & { readonly ip?: string }): string | undefined {
  return request.ip;
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
