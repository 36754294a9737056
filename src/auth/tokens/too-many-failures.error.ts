/** Too many tokens that came from this client's address were refused lately. */
export class TooManyFailuresError extends Error {
  override readonly name = 'TooManyFailuresError';

  /** `headers` tell the client when to come again. */
  constructor(readonly headers: Readonly<Record<string, string>>) {
    super('Too many tokens from this address were refused; try again later');
  }
}
