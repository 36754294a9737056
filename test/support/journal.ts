import {
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  Catch,
  type ExceptionFilter,
  type ExecutionContext,
  Global,
  Injectable,
  Module,
  type NestInterceptor,
  type PipeTransform,
} from '@nestjs/common';
import { type Observable, tap } from 'rxjs';
import type { McpContextType } from '../../src/mcp/index.js';

/** Records the enhancers that ran, in order. Enhancers get it by injection, and record nothing if injection fails. */
@Injectable()
export class Journal {
  private readonly lines: string[] = [];

  write(line: string): void {
    this.lines.push(line);
  }

  /** Returns the lines since the last call. */
  take(): string[] {
    return this.lines.splice(0);
  }
}

@Global()
@Module({ providers: [Journal], exports: [Journal] })
export class JournalModule {}

/** One enhancer of each kind, which records that it ran and changes nothing else. */
export function journaling(name: string) {
  @Injectable()
  class Guard implements CanActivate {
    constructor(private readonly journal: Journal) {}

    canActivate(): boolean {
      this.journal.write(`guard of the ${name}`);
      return true;
    }
  }

  @Injectable()
  class Interceptor implements NestInterceptor {
    constructor(private readonly journal: Journal) {}

    intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
      this.journal.write(`interceptor of the ${name}, before`);
      return next.handle().pipe(tap(() => this.journal.write(`interceptor of the ${name}, after`)));
    }
  }

  @Injectable()
  class Pipe implements PipeTransform {
    constructor(private readonly journal: Journal) {}

    transform(value: unknown): unknown {
      this.journal.write(`pipe of the ${name}`);
      return value;
    }
  }

  /** Turns every error into a result. */
  @Catch()
  class Filter implements ExceptionFilter<Error> {
    constructor(private readonly journal: Journal) {}

    catch(error: Error, host: ArgumentsHost): unknown {
      this.journal.write(`filter of the ${name}`);
      const text = `${name}: ${error.message}`;
      if (host.getType<McpContextType>() === 'mcp') return text;
      return host.switchToHttp().getResponse<{ end(text: string): void }>().end(text);
    }
  }

  return { Guard, Interceptor, Pipe, Filter };
}
