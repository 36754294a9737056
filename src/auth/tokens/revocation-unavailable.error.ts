/** The deny list cannot be reached: until then no token can be accepted or revoked. */
export class RevocationUnavailableError extends Error {
  override readonly name = 'RevocationUnavailableError';

  constructor(cause: unknown) {
    super('The revocation list cannot be reached', { cause });
  }
}
