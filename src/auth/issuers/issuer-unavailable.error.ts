/** The keys of an issuer are not to be had: nobody knows whether its tokens are good, until they are. */
export class IssuerUnavailableError extends Error {
  override readonly name = 'IssuerUnavailableError';

  constructor() {
    super('The keys of an issuer are not to be had');
  }
}
