/**
 * A request that is answered with a JSON-RPC error object. `message` reaches the client: it never contains
 * a stack, a path, a token or what the client sent. JSON-RPC 2.0, section 5.1.
 */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';

  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}
