import { type ArgumentsHost, Catch, HttpException, NotFoundException } from '@nestjs/common';
import type { Request, Response } from 'express';
import { isProblem, ProblemFilter } from './problem.filter.js';

/**
 * Responds to errors that no filter of the application has caught: to HTTP exceptions of a team's controllers as Nest
 * does, with their status and message, to others as {@link ProblemFilter} does. Reports both.
 */
@Catch()
export class FallbackFilter extends ProblemFilter {
  override catch(error: unknown, host: ArgumentsHost): void {
    // In other contexts Nest's own handler continues when a filter returns nothing.
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

/** The exception that Nest's router throws if there is no route. */
function isUnrouted(error: HttpException, { method, originalUrl }: Request): boolean {
  return error instanceof NotFoundException && error.message === `Cannot ${method} ${originalUrl}`;
}
