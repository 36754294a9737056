import { Catch, type ExceptionFilter } from '@nestjs/common';

/**
 * Rethrows to the invoker an error that the class's own filters do not catch. Nest's default filter would also log it.
 */
@Catch()
export class UnansweredFilter implements ExceptionFilter<unknown> {
  catch(error: unknown): never {
    throw error;
  }
}
