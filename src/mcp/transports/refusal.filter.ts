import {
  type ArgumentsHost,
  Catch,
  type ExceptionFilter,
  HttpException,
  HttpStatus,
  Inject,
  Logger,
} from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type AuditActor, type RefusalCode, RefusalLog } from '../../audit/index.js';
import { rateLimitHeaders } from '../../backplane/index.js';
import type { AuthorizedRequest } from '../authorization/request-authorization.js';
import { InFlightBudgets } from '../limits/in-flight.budgets.js';
import { MCP_OPTIONS, type McpModuleOptions } from '../mcp.options.js';
import { encodeError } from '../messages/json-rpc.js';
import { asRefusal, RefusedError } from '../messages/refused.error.js';
import { ErrorCode } from '../messages/sdk-types.js';
import { sendWhole } from './paced.writer.js';
import type { ProtocolRequest } from './protocol-request.js';

/** Statuses of refusals other than 400. */
const STATUSES: Readonly<Partial<Record<RefusalCode, HttpStatus>>> = {
  unknown_session: HttpStatus.NOT_FOUND,
  foreign_session: HttpStatus.NOT_FOUND,
  not_acceptable: HttpStatus.NOT_ACCEPTABLE,
  body_too_large: HttpStatus.PAYLOAD_TOO_LARGE,
  consumed_body: HttpStatus.INTERNAL_SERVER_ERROR,
  unsupported_media_type: HttpStatus.UNSUPPORTED_MEDIA_TYPE,
  unsupported_encoding: HttpStatus.UNSUPPORTED_MEDIA_TYPE,
  rate_limited: HttpStatus.TOO_MANY_REQUESTS,
  too_many_sessions: HttpStatus.TOO_MANY_REQUESTS,
  too_many_calls: HttpStatus.TOO_MANY_REQUESTS,
  too_many_bytes: HttpStatus.TOO_MANY_REQUESTS,
  server_full: HttpStatus.SERVICE_UNAVAILABLE,
  audit_unavailable: HttpStatus.SERVICE_UNAVAILABLE,
  backplane_unavailable: HttpStatus.SERVICE_UNAVAILABLE,
  shutting_down: HttpStatus.SERVICE_UNAVAILABLE,
};

/** Statuses of the guard, which has reported the refusal and built the body. */
const OF_THE_GUARD = new Set<number>([
  HttpStatus.UNAUTHORIZED,
  HttpStatus.FORBIDDEN,
  HttpStatus.TOO_MANY_REQUESTS,
]);

const HOW_TO_LEAVE =
  'A middleware in front of the MCP server reads bodies and keeps nothing in request.body: exclude the routes of the server from it';

/**
 * Responds to refusals on the protocol routes: a JSON-RPC error object, or for refusals of the guard (401, 403, 429)
 * its body. Any error that is neither a refusal nor an `HttpException` is logged and answered with 500.
 */
@Catch()
export class RefusalFilter implements ExceptionFilter<unknown> {
  private readonly logger = new Logger('Http');

  constructor(
    @Inject(MCP_OPTIONS) private readonly options: McpModuleOptions,
    private readonly refusals: RefusalLog,
    private readonly budgets: InFlightBudgets,
  ) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const error = asRefusal(thrown);
    const request = host.switchToHttp().getRequest<IncomingMessage & AuthorizedRequest>();
    const response = host.switchToHttp().getResponse<ServerResponse>();
    // Undefined where the guard has refused the request.
    const principal = request.authorization?.principal;
    const status = statusOf(error);
    this.log(error, status, request, principal);
    // An interceptor of the application may fail after the response.
    if (response.writableEnded) return;
    if (response.headersSent) return void response.destroy();
    if (error instanceof RefusedError) {
      for (const [name, value] of Object.entries(headersOf(error))) response.setHeader(name, value);
    }
    response.statusCode = status;
    response.setHeader('Content-Type', 'application/json; charset=utf-8');
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('Cache-Control', 'no-store');
    // It contains the client's id, which may be long.
    const budget = principal && this.budgets.of(principal.userKey);
    try {
      sendWhole(response, bodyOf(error, status), this.options, budget);
    } catch {
      const short = encodeError(null, ErrorCode.InvalidRequest, 'The request is refused');
      sendWhole(response, short, this.options);
    }
  }

  private log(error: unknown, status: number, request: IncomingMessage, actor: AuditActor | undefined): void {
    const { method, url } = request;
    if (error instanceof RefusedError) {
      const { id: requestId, reason: code } = error;
      // An error of the application, which a client cannot correct.
      if (code === 'consumed_body')
        this.logger.error({ event: 'request.failed', method, reason: HOW_TO_LEAVE });
      this.refusals.refused(request, { event: 'request.refused', code, status, actor, requestId });
    } else if (status >= 500 && !(error instanceof HttpException)) {
      const path = url?.split('?', 1)[0];
      const who = actor && {
        subject: actor.subject,
        issuer: actor.issuer,
        clientId: actor.clientId,
        tokenId: actor.tokenId,
      };
      const ip = (request as ProtocolRequest).ip;
      this.logger.error({ event: 'request.failed', method, path, ...who, ip, err: error });
    } else if (status < 500 && !OF_THE_GUARD.has(status)) {
      const code = status === 405 ? 'method_not_allowed' : 'invalid_request';
      this.refusals.refused(request, { event: 'request.refused', code, status, actor });
    }
  }
}

function statusOf(error: unknown): number {
  if (error instanceof RefusedError) return STATUSES[error.reason] ?? HttpStatus.BAD_REQUEST;
  return error instanceof HttpException ? error.getStatus() : HttpStatus.INTERNAL_SERVER_ERROR;
}

function headersOf({ exceeded, retryAfter }: RefusedError): Readonly<Record<string, string>> {
  if (exceeded !== undefined) return rateLimitHeaders(exceeded.policy, exceeded.limit, exceeded.verdict);
  return retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) };
}

function bodyOf(error: unknown, status: number): string {
  if (error instanceof RefusedError) return encodeError(error.id, error.code, error.message);
  if (error instanceof HttpException && OF_THE_GUARD.has(status)) return JSON.stringify(error.getResponse());
  if (error instanceof HttpException && status < 500)
    return encodeError(null, ErrorCode.InvalidRequest, error.message);
  if (error instanceof HttpException && status === (HttpStatus.SERVICE_UNAVAILABLE as number))
    return encodeError(null, ErrorCode.InternalError, 'The server cannot answer now: try again later');
  return encodeError(null, ErrorCode.InternalError, 'Internal error');
}
