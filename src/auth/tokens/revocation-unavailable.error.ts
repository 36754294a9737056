/** The deny list cannot be reached: nobody can be let in, and nothing revoked, until it is back. */
export class RevocationUnavailableError extends Error {
  override readonly name = 'RevocationUnavailableError';

  constructor(cause: unknown) {
    super('The revocation list cannot be reached', { cause });
  }
}
