import { IntrinsicException } from '@nestjs/common';

/**
 * Thrown by a tool to tell the model what went wrong: the message becomes the text of a result with `isError: true`.
 * Write it for the model: what was wrong and what to try instead.
 *
 * Thrown by a resource or a prompt it is for the user: the message becomes that of the JSON-RPC error (−32603), which
 * clients display.
 */
export class ToolError extends IntrinsicException {
  override readonly name = 'ToolError';
}
