import { MethodNotAllowedException } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestAuthorization } from '../authorization/request-authorization.js';
import type { McpModuleOptions } from '../mcp.options.js';
import { unknownSession } from '../messages/refused.error.js';

/** The authorization of a request. Throws where the application has no guard on the protocol's routes. */
export function authorizationOf(request: IncomingMessage, options: McpModuleOptions): RequestAuthorization {
  const authorization = options.authorizationOf(request);
  if (authorization !== undefined) return authorization;
  throw new TypeError(
    'No guard has let this request in: McpModuleOptions.authorizationOf finds nothing on it',
  );
}

/** The address of the client; a forwarded one only from a trusted proxy. */
export function addressOf(request: IncomingMessage & { readonly ip?: string }): string | undefined {
  return request.ip;
}

/** The methods of each address, as `Allow` lists them. RFC 9110, section 15.5.6. */
export const ALLOWED = { mcp: 'POST, GET, DELETE', message: 'POST', sse: 'GET' } as const;

/** @throws MethodNotAllowedException, with the methods that are allowed in the response's head. */
export function refuseMethod(response: ServerResponse, allowed: string): never {
  response.setHeader('Allow', allowed);
  throw new MethodNotAllowedException(`This address takes ${allowed} alone`);
}

/** Express hands HEAD to a GET route; a stream without a body is of no use. */
export function refuseHead({ method }: IncomingMessage, response: ServerResponse, allowed: string): void {
  if (method === 'HEAD') refuseMethod(response, allowed);
}

/**
 * Refuses a request whose session or stateless peer ended before there was anything to answer it with: 401 where its
 * token is no good any more, 404 where the session alone has ended. A bare 202 would have its client wait.
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
