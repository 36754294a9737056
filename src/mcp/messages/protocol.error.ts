import { IntrinsicException } from '@nestjs/common';
import { ErrorCode } from './sdk-types.js';

/**
 * A request is answered with this JSON-RPC error object. `message` is sent to the client: it never contains a stack, a
 * path, a token or what the client sent. JSON-RPC 2.0, section 5.1.
 */
export class ProtocolError extends IntrinsicException {
  override readonly name = 'ProtocolError';

  constructor(
    readonly code: number,
    message: string,
    /** The `data` of the error object, if it has any. */
    readonly data?: Readonly<Record<string, unknown>>,
  ) {
    super(message);
  }
}

export function invalidParams(message: string): ProtocolError {
  return new ProtocolError(ErrorCode.InvalidParams, message);
}
