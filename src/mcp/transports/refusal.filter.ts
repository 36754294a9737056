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
import { MCP_OPTIONS, type McpModuleOptions } from '../mcp.options.js';
import { encodeError } from '../messages/json-rpc.js';
import { ErrorCode } from '../messages/sdk-types.js';
import { RequestRefused } from '../sessions/request-refused.js';
import { sendWhole } from './paced.writer.js';

/** No other `HttpException` has one of these; a {@link RequestRefused} may. */
const OF_THE_GUARD = new Set<number>([401, 403, 429]);

const UNAVAILABLE: number = HttpStatus.SERVICE_UNAVAILABLE;

/**
 * Answers what the protocol routes refuse: a JSON-RPC error object, but what the guard
 * refuses (401, 403, 429) with the body that it gave. Anything that is not an `HttpException` is logged and answered
 * with a bare 500.
 */
@Catch()
export class RefusalFilter implements ExceptionFilter<unknown> {
  private readonly logger = new Logger('Http');

  constructor(@Inject(MCP_OPTIONS) private readonly options: McpModuleOptions) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<IncomingMessage>();
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
    sendWhole(response, bodyOf(error, status), this.options);
  }

  private log(error: unknown, status: number, request: IncomingMessage): void {
    const path = request.url?.split('?', 1)[0];
    // What the guard refuses it has logged itself.
    if (status >= 500 && !(error instanceof HttpException)) {
      this.logger.error({ event: 'request.failed', method: request.method, path, err: error });
    } else if (error instanceof RequestRefused) {
      this.logger.warn({
        event: 'request.refused',
        method: request.method,
        path,
        status,
        reason: error.reason,
      });
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
