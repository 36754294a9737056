import { type ArgumentsHost, Catch, HttpException, NotFoundException } from '@nestjs/common';
import type { Request, Response } from 'express';
import { isProblem, ProblemFilter } from './problem.filter.js';

/**
 * Responds to what no filter of the application has caught: for the HTTP exceptions of a team's controllers as Nest
 * does, with their status and message, and otherwise as {@link ProblemFilter} does. Reports both.
 */
@Catch()
export class FallbackFilter extends ProblemFilter {
  override catch(error: unknown, host: ArgumentsHost): void {
    // Nest's own handler of other contexts goes on where a filter returns nothing.
    if (host.getType() !== 'http') return;
    const request = host.switchToHttp().getRequest<Request>();
    if (!(error instanceof HttpException) || isUnrouted(error, request)) return this.answer(error, host);
    const body = error.getResponse();
    if (isProblem(body)) return this.answer(error, host);
    const status = this.report(error, request, error.message);
    const response = host.switchToHttp().getResponse<Response>();
    if (response.writableEnded) return;
    if (response.headersSent) return void response.destroy();
    response.status(status).json(typeof body === 'object' ? body : { statusCode: status, message: body });
  }
}

/** The exception by which Nest's router tells that there is no route. */
function isUnrouted(error: HttpException, { method, originalUrl }: Request): boolean {
  return error instanceof NotFoundException && error.message === `Cannot ${method} ${originalUrl}`;
}
