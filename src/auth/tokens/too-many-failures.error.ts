/** Too many tokens from this client's address were refused recently. */
export class TooManyFailuresError extends Error {
  override readonly name = 'TooManyFailuresError';

  /** `headers`: `Retry-After` and the limit. */
  constructor(readonly headers: Readonly<Record<string, string>>) {
    super('Too many tokens from this address were refused; try again later');
  }
}
