import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { Request } from 'express';
import { Strategy } from 'passport-jwt';
import { TokenAuthenticator } from './tokens/token.authenticator.js';
import { TokenError } from './tokens/token.error.js';

/**
 * Passport's `jwt` strategy, for code of a team that uses Passport, with this server's header parser and verifier.
 * passport-jwt takes `x` out of `Bearer x y`, and jsonwebtoken under it accepts any `typ`, an unknown `crit` and a
 * missing `exp`.
 */
@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy, 'jwt') {
  constructor(private readonly authenticator: TokenAuthenticator) {
    super({ jwtFromRequest: () => null, secretOrKeyProvider: (_request, _token, done) => done(null) });
  }

  override authenticate(request: Request): void {
    Promise.resolve(this.authenticator.authenticate(request)).then(
      (principal) => this.success(principal),
      (error: unknown) => {
        if (error instanceof TokenError) this.fail(error, 401);
        else
          this.error(error instanceof Error ? error : new Error('Authentication failed', { cause: error }));
      },
    );
  }

  /** Passport requires this method; `authenticate` never calls it. */
  validate(): never {
    throw new Error('passport-jwt must not verify a token here');
  }
}
