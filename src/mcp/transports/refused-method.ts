import { MethodNotAllowedException } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** The methods of each address, as `Allow` lists them. RFC 9110, section 15.5.6. */
export const ALLOWED = { mcp: 'POST, GET, DELETE', message: 'POST', sse: 'GET' } as const;

/** @throws MethodNotAllowedException, with the methods that are allowed in the response's head. */
export function refuseMethod(response: ServerResponse, allowed: string): never {
  response.setHeader('Allow', allowed);
  throw new MethodNotAllowedException(`This address takes ${allowed} alone`);
}

/** Express hands HEAD to a GET route; a stream without a body is of no use to anybody. */
export function refuseHead({ method }: IncomingMessage, response: ServerResponse, allowed: string): void {
  if (method === 'HEAD') refuseMethod(response, allowed);
}
