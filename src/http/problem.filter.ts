import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import type { Request, Response } from 'express';
import { type AuditActor, type RefusalCode, RefusalLog } from '../audit/index.js';

interface Problem {
  readonly error: string;
  readonly error_description: string;
}

const PROBLEMS: Readonly<Record<number, Problem>> = {
  400: { error: 'invalid_request', error_description: 'The request is not valid' },
  404: { error: 'not_found', error_description: 'There is nothing at this address' },
  405: { error: 'method_not_allowed', error_description: 'This address does not support that method' },
  413: { error: 'body_too_large', error_description: 'The body is too large' },
  415: { error: 'unsupported_media_type', error_description: 'The body is of a type that is not accepted' },
  500: { error: 'server_error', error_description: 'The server failed to answer' },
  503: { error: 'temporarily_unavailable', error_description: 'The server cannot answer now; try again' },
};

/** Refusal codes by status. The guard reports 401, 403, 429 and 503 itself. */
const CODES: Readonly<Record<number, RefusalCode>> = {
  400: 'invalid_request',
  404: 'not_found',
  405: 'method_not_allowed',
  413: 'body_too_large',
  415: 'unsupported_media_type',
};

/**
 * Responds to every error outside the protocol routes with `{ error, error_description }`: the exception's body where
 * it has that form, or one by its status. Never the message of an error that was not meant for the client, nor anything
 * of the request.
 */
@Catch()
export class ProblemFilter implements ExceptionFilter<unknown> {
  private readonly logger = new Logger('Http');

  constructor(private readonly refusals: RefusalLog) {}

  catch(error: unknown, host: ArgumentsHost): void {
    this.answer(error, host);
  }

  protected answer(error: unknown, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<Response>();
    const status = this.report(error, host.switchToHttp().getRequest<Request>());
    // An interceptor may fail after the response.
    if (response.writableEnded) return;
    if (response.headersSent) return void response.destroy();
    response.status(status).set('Cache-Control', 'no-store').type('json');
    response.end(JSON.stringify(problemOf(error, status)));
  }

  /** Logs and audits the error, unless the guard has; returns its status. `detail` is for the log alone. */
  protected report(
    error: unknown,
    request: Request & { readonly user?: AuditActor },
    detail?: string,
  ): number {
    const status = statusOf(error);
    const code = CODES[status] ?? (detail !== undefined && status < 500 ? 'invalid_request' : undefined);
    if (code !== undefined) {
      const actor = request.user;
      // Not the path: an unknown one may contain a secret.
      const { headers, ip, method } = request;
      const reported = status === 404 && detail === undefined ? { headers, ip, method } : request;
      this.refusals.refused(reported, { event: 'request.refused', code, status, actor, detail });
    } else if (
      status >= 500 &&
      (detail !== undefined || !(error instanceof HttpException && status === 503))
    ) {
      const { method, path } = request;
      this.logger.error({ event: 'request.failed', method, path, status, err: error });
    }
    return status;
  }
}

/** Express's own parsers throw errors with a status. */
function statusOf(error: unknown): number {
  if (error instanceof HttpException) return error.getStatus();
  const status = (error as { status?: unknown } | null)?.status;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : 500;
}

function problemOf(error: unknown, status: number): Problem {
  const body = error instanceof HttpException ? error.getResponse() : undefined;
  if (isProblem(body)) return body;
  return PROBLEMS[status] ?? PROBLEMS[status < 500 ? 400 : 500]!;
}

/** OAuth's form of an error (RFC 6749, section 5.2), which the guard and this server's controllers throw. */
export function isProblem(body: unknown): body is Problem {
  return typeof body === 'object' && body !== null && 'error_description' in body && 'error' in body;
}
