import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { JwtService, type JwtModuleOptions } from '@nestjs/jwt';
import { AUTH_SETTINGS, type AuthSettings } from '../../config/index.js';
import { MAX_TOKEN_BYTES } from './token-shape.js';
import { isName } from './principal.factory.js';
import { tokenIdOf } from './token-id.js';

const NO_SECRET =
  'JWT_SECRET is not set: this server makes no tokens, and accepts those of AUTH_ISSUERS only';

/** The contents of a new token. */
export interface TokenRequest {
  readonly subject: string;
  /** Scopes with one space between them (RFC 6749 §3.3). */
  readonly scope: string;
  readonly ttlSeconds: number;
  /** Default: the configured issuer. */
  readonly issuer?: string;
  readonly clientId?: string;
  readonly roles?: readonly string[];
  /** Only claims of `JWT_CLAIMS`: tools cannot read others. */
  readonly claims?: Readonly<Record<string, unknown>>;
}

/** A signed token and the fields of its token response (RFC 6749 §5.1). */
export interface IssuedToken {
  readonly token: string;
  /** Identifies the token in the deny list and in audit records. */
  readonly tokenId: string;
  /** Seconds. */
  readonly expiresIn: number;
  readonly scope: string;
}

/** `JwtService` options, shared by the application and the command line. */
export function jwtOptionsFrom(settings: AuthSettings): JwtModuleOptions {
  return {
    secret: settings.secret,
    signOptions: { algorithm: 'HS256', header: { alg: 'HS256', typ: 'JWT' } },
  };
}

/** Issues HS256 access tokens that this server accepts, each with its own `jti`. */
@Injectable()
export class TokenIssuer {
  constructor(
    private readonly jwt: JwtService,
    @Inject(AUTH_SETTINGS) private readonly settings: AuthSettings,
  ) {}

  /**
   * Signs a token that is valid from now.
   *
   * @throws RangeError for a token that this server would refuse: secret missing, lifetime, subject, claim or size invalid.
   */
  async issue(request: TokenRequest): Promise<IssuedToken> {
    const { ttlSeconds, scope } = request;
    this.check(request);
    const iat = Math.floor(Date.now() / 1000);
    const issuer = request.issuer ?? this.settings.issuer;
    const jti = randomUUID();
    const token = await this.jwt.signAsync({
      ...request.claims,
      iss: issuer,
      aud: this.settings.audience,
      sub: request.subject,
      jti,
      iat,
      exp: iat + ttlSeconds,
      scope,
      ...(request.clientId !== undefined && { client_id: request.clientId }),
      ...(request.roles !== undefined && { roles: request.roles }),
    });
    if (token.length > MAX_TOKEN_BYTES)
      throw new RangeError(`The token has more than ${MAX_TOKEN_BYTES} bytes`);
    return { token, tokenId: tokenIdOf(token, issuer, jti), expiresIn: ttlSeconds, scope };
  }

  private check({ subject, ttlSeconds, claims = {} }: TokenRequest): void {
    const { extraClaims, maxLifetimeSeconds, secret } = this.settings;
    if (secret === undefined) throw new RangeError(NO_SECRET);
    if (!isName(subject))
      throw new RangeError('The subject must have 1 to 256 characters, and no control characters');
    const unread = Object.keys(claims).find((name) => !extraClaims.includes(name));
    if (unread !== undefined) throw new RangeError(`The claim ${unread} is not among JWT_CLAIMS`);
    if (!Number.isSafeInteger(ttlSeconds) || ttlSeconds < 1) {
      throw new RangeError('The lifetime must be a whole number of seconds, at least 1');
    }
    if (ttlSeconds > maxLifetimeSeconds) {
      throw new RangeError(
        `The lifetime is above the longest allowed, ${maxLifetimeSeconds} s (JWT_MAX_LIFETIME)`,
      );
    }
  }
}
