/** The keys of an issuer cannot be fetched, so its tokens cannot be verified for now. */
export class IssuerUnavailableError extends Error {
  override readonly name = 'IssuerUnavailableError';

  constructor() {
    super('The keys of an issuer are not to be had');
  }
}
