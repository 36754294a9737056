import {
  BadRequestException,
  type CanActivate,
  type ExecutionContext,
  type HttpException,
  PayloadTooLargeException,
  UnsupportedMediaTypeException,
} from '@nestjs/common';
import { json, type NextFunction, type Request, type Response, urlencoded } from 'express';

type Parser = (request: Request, response: Response, next: NextFunction) => void;

/**
 * Parses JSON and form bodies for the controllers of a team, as Nest's own parsers do, but after the token has been
 * checked: no body is read for a client without one. As a guard it runs before the guards of controllers, and before
 * all pipes and interceptors.
 */
export class BodyParserGuard implements CanActivate {
  private readonly parsers: readonly Parser[];

  /** `readers`: the controllers that read their bodies themselves. */
  constructor(
    private readonly maxBytes: number,
    private readonly readers: ReadonlySet<unknown>,
  ) {
    this.parsers = [json({ limit: maxBytes }), urlencoded({ limit: maxBytes, extended: true })];
  }

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    if (this.readers.has(context.getClass()) || context.getType() !== 'http') return true;
    const http = context.switchToHttp();
    const request = http.getRequest<Request>();
    // A middleware of the team may have parsed it.
    return request.body === undefined ? this.parse(request, http.getResponse<Response>()) : true;
  }

  private async parse(request: Request, response: Response): Promise<true> {
    for (const parser of this.parsers) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      parser(request, response, (error?: unknown) =>
        error === undefined ? resolve() : reject(this.refusalOf(error)),
      );
      await promise;
    }
    return true;
  }

  /** The parsers' own messages repeat parts of the body. */
  private refusalOf(error: unknown): HttpException {
    switch ((error as { readonly status?: unknown }).status) {
      case 413:
        return new PayloadTooLargeException(`The body is over ${this.maxBytes} bytes`);
      case 415:
        return new UnsupportedMediaTypeException('The body has an encoding that is not supported');
      default:
        return new BadRequestException('The body cannot be parsed');
    }
  }
}
