import { IntrinsicException } from '@nestjs/common';

/**
 * Rejection of `context.elicit()`, `sample()` and `listRoots()` in 2026-07-28 while the client has not answered. The
 * handler is interrupted, and run again from its beginning when the client sends the answer. Do not catch it: the
 * handler counts as interrupted anyway. Afterwards it is the `reason` of the call's `signal`. MCP 2026-07-28, Patterns:
 * Multi Round-Trip Requests.
 */
export class InputRequiredError extends IntrinsicException {
  override readonly name = 'InputRequiredError';

  constructor() {
    super('The call continues when its client has answered');
  }
}
