/** Bearer tokens that are verified once and cached: a fast server cannot do less. */
import { createSecretKey } from 'node:crypto';
import { type JWTPayload, jwtVerify } from 'jose';

export interface KnownCaller {
  readonly subject: string;
  readonly expiresAt: number;
}

export class KnownTokens {
  private readonly callers = new Map<string, KnownCaller>();
  private readonly key: ReturnType<typeof createSecretKey>;
  private readonly issuer: string;

  constructor(secret: string, issuer: string) {
    this.key = createSecretKey(secret, 'utf8');
    this.issuer = issuer;
  }

  /** The caller of an Authorization header; undefined: there is none. */
  async callerOf(authorization: string | undefined): Promise<KnownCaller | undefined> {
    if (authorization === undefined) return undefined;
    const known = this.callers.get(authorization) ?? (await this.verify(authorization));
    return known !== undefined && known.expiresAt > Date.now() ? known : undefined;
  }

  private async verify(authorization: string): Promise<KnownCaller | undefined> {
    if (!authorization.startsWith('Bearer ')) return undefined;
    let claims: JWTPayload;
    try {
      claims = (await jwtVerify(authorization.slice(7), this.key, this.terms())).payload;
    } catch {
      return undefined;
    }
    const known = { subject: claims.sub!, expiresAt: claims.exp! * 1000 };
    this.callers.set(authorization, known);
    return known;
  }

  private terms() {
    const requiredClaims = ['iss', 'aud', 'exp', 'iat', 'sub'];
    return { algorithms: ['HS256'], typ: 'JWT', issuer: this.issuer, audience: this.issuer, requiredClaims };
  }
}
