import { IntrinsicException } from '@nestjs/common';

/**
 * What `context.elicit()`, `sample()` and `listRoots()` reject with in 2026-07-28 while the client has not answered:
 * the handler is left here, and run again from its beginning when the answer is there. Let it pass: code that
 * catches it changes nothing but what runs before the handler is left. Afterwards it is the `reason` of the call's
 * `signal`. MCP 2026-07-28, Patterns: Multi Round-Trip Requests.
 */
export class InputRequiredError extends IntrinsicException {
  override readonly name = 'InputRequiredError';

  constructor() {
    super('The call goes on when its client has answered');
  }
}
