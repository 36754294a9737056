/** A document of an identity provider cannot be used. Its message is for the operator's log. */
export class ProviderDocumentError extends Error {
  override readonly name = 'ProviderDocumentError';

  constructor(
    message: string,
    /** HTTP status, where the provider responded. */
    readonly status?: number,
  ) {
    super(message);
  }
}
