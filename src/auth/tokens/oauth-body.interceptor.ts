import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  type CallHandler,
  type ExecutionContext,
  HttpException,
  HttpStatus,
  Injectable,
  type NestInterceptor,
} from '@nestjs/common';
import { json, raw, urlencoded, type Request, type Response } from 'express';
import type { Observable } from 'rxjs';
import { InvalidRequestException } from './invalid-request.exception.js';

type Parser = (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => void;

const LIMITS = { limit: '16kb', inflate: false };
/** The last one accepts every other type, so that an empty body of any type, also a chunked one, counts as none. */
const PARSERS: readonly Parser[] = [
  json(LIMITS),
  urlencoded({ ...LIMITS, extended: false, parameterLimit: 16 }),
  raw({ ...LIMITS, type: () => true }),
];

/**
 * Reads a form or a JSON object of at most 16 kB into `request.body`, which stays undefined without a body. Runs after
 * the guard, so that nothing is read for a client without a valid token. Responds with 400, 413 or 415 itself, since
 * the parsers' own messages repeat the body.
 */
@Injectable()
export class OAuthBodyInterceptor implements NestInterceptor {
  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const request = context.switchToHttp().getRequest<Request>();
    const response = context.switchToHttp().getResponse<Response>();
    for (const parser of PARSERS) await run(parser, request, response);
    if (Buffer.isBuffer(request.body)) {
      if (request.body.length > 0) throw unsupportedType();
      request.body = undefined;
    }
    return next.handle();
  }
}

async function run(parser: Parser, request: Request, response: Response): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  parser(request, response, (error) => (error === undefined ? resolve() : reject(answerTo(error))));
  await promise;
}

function answerTo(error: unknown): HttpException {
  switch (statusOf(error)) {
    case HttpStatus.PAYLOAD_TOO_LARGE:
      return refusal(HttpStatus.PAYLOAD_TOO_LARGE, 'The body is too large');
    case HttpStatus.UNSUPPORTED_MEDIA_TYPE:
      return unsupportedType();
    default:
      return new InvalidRequestException('The body cannot be read');
  }
}

function statusOf(error: unknown): unknown {
  return error instanceof Error && 'status' in error ? error.status : undefined;
}

function unsupportedType(): HttpException {
  const description = 'Send application/x-www-form-urlencoded or application/json, not compressed';
  return refusal(HttpStatus.UNSUPPORTED_MEDIA_TYPE, description);
}

function refusal(status: HttpStatus, description: string): HttpException {
  return new HttpException({ error: 'invalid_request', error_description: description }, status);
}
