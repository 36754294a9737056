import {
  ForbiddenException,
  HttpException,
  HttpStatus,
  Inject,
  Injectable,
  UnauthorizedException,
} from '@nestjs/common';
import type { Request } from 'express';
import { AUTH_SETTINGS, type AuthSettings } from '../config/index.js';
import type { Principal } from '../mcp/index.js';
import { AuthLog } from './auth.log.js';
import { IssuerUnavailableError } from './issuers/issuer-unavailable.error.js';
import { metadataUrlOf, resourceOf } from './protected-resource.js';
import { ACCESS_SCOPE } from './scopes.js';
import { RevocationUnavailableError } from './tokens/revocation-unavailable.error.js';
import { TokenError } from './tokens/token.error.js';
import { TooManyFailuresError } from './tokens/too-many-failures.error.js';

/** Seconds. Nodes reconnect to the backplane within a second; the keys of an issuer are fetched at intervals. */
const RETRY_AFTER = { revocation_unavailable: '1', issuer_unavailable: '5' };

/**
 * Refuses a request: logs it once, sets the response headers, and returns the exception to throw, whose body is OAuth's
 * `{ error, error_description }`. Challenges follow RFC 6750 §3 and RFC 9728 §5.1.
 */
@Injectable()
export class AuthResponder {
  constructor(
    private readonly decisions: AuthLog,
    @Inject(AUTH_SETTINGS) private readonly settings: AuthSettings,
  ) {}

  /** Converts errors of `TokenAuthenticator`; returns any other error unchanged. */
  of(request: Request, error: unknown, principal?: Principal): unknown {
    if (error instanceof TokenError) return this.unauthorized(request, error, principal);
    if (error instanceof TooManyFailuresError) return this.tooManyFailures(request, error);
    if (error instanceof RevocationUnavailableError || error instanceof IssuerUnavailableError) {
      return this.unavailable(request, error);
    }
    return error;
  }

  /**
   * 401. The challenge names an error only where the request carried a token, and only the access scope: clients
   * request at login every scope that it names.
   */
  unauthorized(request: Request, error: TokenError, principal?: Principal): HttpException {
    const reason = error.oauthError === undefined ? undefined : oauthError(error.oauthError, error.message);
    const actor = principal ?? error.actor;
    this.decisions.refused(request, error.code, HttpStatus.UNAUTHORIZED, actor);
    this.challenge(request, [ACCESS_SCOPE], reason);
    return new UnauthorizedException(oauthError(error.oauthError ?? 'invalid_token', error.message));
  }

  /** 403, naming every scope that the operation needs, including those that the token has. */
  lacksScope(request: Request, scopes: readonly string[], principal: Principal): HttpException {
    const reason = oauthError('insufficient_scope', 'The token lacks a scope that this operation needs');
    this.decisions.refused(request, 'insufficient_scope', HttpStatus.FORBIDDEN, principal);
    this.challenge(request, scopes, reason);
    return new ForbiddenException(reason);
  }

  /** 403 without a scope: no further scope would grant access. */
  foreignIssuer(request: Request, principal: Principal): HttpException {
    const reason = oauthError(
      'access_denied',
      'mcp:admin of this token reaches the tokens of its own issuer only',
    );
    this.decisions.refused(request, 'foreign_issuer', HttpStatus.FORBIDDEN, principal);
    request.res?.setHeader('Cache-Control', 'no-store');
    return new ForbiddenException(reason);
  }

  /** 429 with `Retry-After` (RFC 6585 §4). */
  tooManyFailures(request: Request, error: TooManyFailuresError): HttpException {
    this.decisions.refused(request, 'too_many_failures', HttpStatus.TOO_MANY_REQUESTS);
    for (const [name, value] of Object.entries(error.headers)) request.res?.setHeader(name, value);
    request.res?.setHeader('Cache-Control', 'no-store');
    return new HttpException(oauthError('too_many_requests', error.message), HttpStatus.TOO_MANY_REQUESTS);
  }

  /** 503: without the deny list (RFC 7009 §2.2.1) or the issuer's keys no token can be accepted. */
  unavailable(request: Request, cause: unknown): HttpException {
    const isIssuer = cause instanceof IssuerUnavailableError;
    const code = isIssuer ? 'issuer_unavailable' : 'revocation_unavailable';
    this.decisions.refused(request, code, HttpStatus.SERVICE_UNAVAILABLE);
    request.res?.setHeader('Retry-After', RETRY_AFTER[code]).setHeader('Cache-Control', 'no-store');
    const body = oauthError('temporarily_unavailable', 'Tokens cannot be checked now; try again later');
    return new HttpException(body, HttpStatus.SERVICE_UNAVAILABLE, { cause });
  }

  private challenge(request: Request, scopes: readonly string[], reason: OAuthError | undefined): void {
    const metadata = metadataUrlOf(this.settings.publicUrl, resourceOf(request.url));
    let challenge = `Bearer resource_metadata="${metadata}", scope="${[...new Set(scopes)].join(' ')}"`;
    if (reason) challenge += `, error="${reason.error}", error_description="${reason.error_description}"`;
    request.res?.setHeader('WWW-Authenticate', challenge).setHeader('Cache-Control', 'no-store');
  }
}

interface OAuthError {
  readonly error: string;
  readonly error_description: string;
}

function oauthError(error: string, description: string): OAuthError {
  return { error, error_description: description };
}
