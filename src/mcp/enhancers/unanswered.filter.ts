import { Catch, type ExceptionFilter } from '@nestjs/common';

/** Leaves to the invoker what no filter of the class's own catches. Nest's last resort would log it as well. */
@Catch()
export class UnansweredFilter implements ExceptionFilter<unknown> {
  catch(error: unknown): never {
    throw error;
  }
}
