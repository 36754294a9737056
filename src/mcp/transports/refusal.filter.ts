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
import { actorOf, type IdentifiedCaller, RefusalLog } from '../../audit/index.js';
import { MCP_OPTIONS, type McpModuleOptions } from '../mcp.options.js';
import { encodeError } from '../messages/json-rpc.js';
import { ErrorCode } from '../messages/sdk-types.js';
import { InFlightBudgets } from '../limits/in-flight.budgets.js';
import type { AuthInfo } from '../messages/sdk-types.js';
import { principalOf, userKeyOf } from '../sessions/principal.js';
import { asRefusal, RequestRefused } from '../sessions/request-refused.js';
import { sendWhole } from './paced.writer.js';

/** No other `HttpException` has one of these; a {@link RequestRefused} may. */
const OF_THE_GUARD = new Set<number>([401, 403, 429]);

/** A request on its way in: the guard may have identified its caller, or not. */
type AnyRequest = IncomingMessage & { readonly auth?: IdentifiedCaller; readonly ip?: string };

const UNAVAILABLE: number = HttpStatus.SERVICE_UNAVAILABLE;

/**
 * Answers what the protocol routes refuse: a JSON-RPC error object, but what the guard
 * refuses (401, 403, 429) with the body that it gave. Anything that is not an `HttpException` is logged and answered
 * with a bare 500.
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
    const request = host.switchToHttp().getRequest<AnyRequest>();
    const response = host.switchToHttp().getResponse<ServerResponse>();
    const status = error instanceof HttpException ? error.getStatus() : HttpStatus.INTERNAL_SERVER_ERROR;
    this.log(error, status, request);
    // An interceptor of the application may fail at what comes after the answer.
    if (response.writableEnded) return;
    if (response.headersSent) return void response.destroy();
    if (error instanceof RequestRefused && error.retryAfter !== undefined) {
      response.setHeader('Retry-After', error.retryAfter);
    }
    if (error instanceof RequestRefused) {
      for (const [name, value] of Object.entries(error.headers)) response.setHeader(name, value);
    }
    response.statusCode = status;
    response.setHeader('Content-Type', 'application/json; charset=utf-8');
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('Cache-Control', 'no-store');
    // The id in it is the client's own, and may be long.
    const budget = request.auth && this.budgets.of(userKeyOf(principalOf(request.auth as AuthInfo)));
    try {
      sendWhole(response, bodyOf(error, status), this.options, budget);
    } catch {
      sendWhole(
        response,
        bodyOf(new RequestRefused(status, 'too_many_bytes', 'The request is refused'), status),
        this.options,
      );
    }
  }

  private log(error: unknown, status: number, request: AnyRequest): void {
    const { method, url } = request;
    const actor = request.auth && actorOf(request.auth);
    if (status >= 500 && !(error instanceof HttpException)) {
      const path = url?.split('?', 1)[0];
      this.logger.error({ event: 'request.failed', method, path, ...actor, ip: request.ip, err: error });
    } else if (error instanceof RequestRefused) {
      const { id: requestId, reason: code } = error;
      this.refusals.refused(request, { event: 'request.refused', code, status, actor, requestId });
    } else if (status < 500 && !OF_THE_GUARD.has(status)) {
      // What the guard refuses it has told itself.
      const code = status === 405 ? 'method_not_allowed' : 'invalid_request';
      this.refusals.refused(request, { event: 'request.refused', code, status, actor });
    }
  }
}

function bodyOf(error: unknown, status: number): string {
  if (error instanceof RequestRefused) return encodeError(error.id, error.code, error.message);
  if (error instanceof HttpException && OF_THE_GUARD.has(status)) return JSON.stringify(error.getResponse());
  if (error instanceof HttpException && status < 500)
    return encodeError(null, ErrorCode.InvalidRequest, error.message);
  if (error instanceof HttpException && status === UNAVAILABLE)
    return encodeError(null, ErrorCode.InternalError, 'The server cannot answer now: try again later');
  return encodeError(null, ErrorCode.InternalError, 'Internal error');
}
