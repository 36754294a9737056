import type { AuditActor, RefusalCode } from '../../audit/index.js';

const INVALID_TOKEN = 'invalid_token';
const INVALID_REQUEST = 'invalid_request';

/** The text for the client by code: constant, so that a header never contains a claim or a quote. */
const REFUSALS = {
  missing_token: [undefined, 'This server asks for a bearer token in the Authorization header'],
  wrong_scheme: [undefined, 'The Authorization header must use the Bearer scheme'],
  duplicate_header: [INVALID_REQUEST, 'The request has more than one Authorization header'],
  token_in_query: [INVALID_REQUEST, 'The token belongs in the Authorization header, not in the query'],
  malformed_header: [INVALID_TOKEN, 'The Authorization header must be: Bearer, a space, one token'],
  too_large: [INVALID_TOKEN, 'The token is too large'],
  malformed: [INVALID_TOKEN, 'The token is not a signed JWT'],
  encrypted: [INVALID_TOKEN, 'Encrypted tokens are not accepted'],
  detached: [INVALID_TOKEN, 'The token has no payload'],
  wrong_type: [INVALID_TOKEN, 'The token is not an access token'],
  forbidden_header: [INVALID_TOKEN, 'The token has a header parameter that is not accepted'],
  wrong_algorithm: [INVALID_TOKEN, 'The token is signed with an algorithm that is not accepted'],
  unknown_key: [INVALID_TOKEN, 'The token is signed with a key that its issuer does not publish'],
  bad_signature: [INVALID_TOKEN, 'The signature of the token is not valid'],
  wrong_issuer: [INVALID_TOKEN, 'The token comes from an issuer that is not trusted'],
  wrong_audience: [INVALID_TOKEN, 'The token was issued for another audience'],
  missing_claim: [INVALID_TOKEN, 'The token lacks a required claim'],
  bad_claim: [INVALID_TOKEN, 'A claim of the token has the wrong form'],
  bad_subject: [INVALID_TOKEN, 'The subject of the token has the wrong form'],
  expired: [INVALID_TOKEN, 'The token has expired'],
  not_yet_valid: [INVALID_TOKEN, 'The token is not valid yet'],
  issued_in_future: [INVALID_TOKEN, 'The token was issued in the future'],
  lifetime_too_long: [INVALID_TOKEN, 'The token was made to live longer than this server allows'],
  bound_token: [INVALID_TOKEN, 'The token is bound to a key (DPoP), which this server does not check'],
  revoked: [INVALID_TOKEN, 'The token has been revoked'],
} as const satisfies Partial<Record<RefusalCode, readonly [error: string | undefined, description: string]>>;

/** Why a request was not authenticated. Stable: logs and alerts depend on it. */
export type TokenErrorCode = keyof typeof REFUSALS;

/** A request without a valid token. Its message may be sent to the client: ASCII, no quotes, nothing of the token. */
export class TokenError extends Error {
  override readonly name = 'TokenError';

  /** Private, so that printing the error does not show it. */
  #actor: AuditActor | undefined;

  constructor(
    readonly code: TokenErrorCode,
    actor?: AuditActor,
  ) {
    super(REFUSALS[code][1]);
    this.#actor = actor;
  }

  /** The user of the token, where its signature is valid. */
  get actor(): AuditActor | undefined {
    return this.#actor;
  }

  set actor(actor: AuditActor | undefined) {
    this.#actor = actor;
  }

  /** RFC 6750 §3.1. Undefined: the request carried no token, so the challenge names no error. */
  get oauthError(): 'invalid_token' | 'invalid_request' | undefined {
    return REFUSALS[this.code][0];
  }
}
