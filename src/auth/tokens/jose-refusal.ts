import { errors } from 'jose';
import { TokenError, type TokenErrorCode } from './token.error.js';

/** Maps jose's error to a `TokenError`. jose's message is dropped, since it may quote the token. */
export function refusalOf(error: unknown): TokenError {
  return new TokenError(codeOf(error));
}

function codeOf(error: unknown): TokenErrorCode {
  if (error instanceof errors.JWTExpired) return 'expired';
  if (error instanceof errors.JWTClaimValidationFailed) return claimCodeOf(error);
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'bad_signature';
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys)
    return 'unknown_key';
  if (error instanceof errors.JOSEAlgNotAllowed) return 'wrong_algorithm';
  return 'malformed';
}

function claimCodeOf({ claim, reason }: errors.JWTClaimValidationFailed): TokenErrorCode {
  if (reason === 'missing') return 'missing_claim';
  if (reason === 'invalid') return 'bad_claim';
  switch (claim) {
    case 'iss':
      return 'wrong_issuer';
    case 'aud':
      return 'wrong_audience';
    case 'nbf':
      return 'not_yet_valid';
    default:
      return 'bad_claim';
  }
}
