import { Inject, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { LRUCache } from 'lru-cache';
import type { IncomingMessage } from 'node:http';
import { RevocationStore } from '../../backplane/index.js';
import type { Principal } from '../../mcp/index.js';
import { clientNetworkOf } from './client-network.js';
import { FailureLimiter } from './failure.limiter.js';
import { RevocationUnavailableError } from './revocation-unavailable.error.js';
import { TokenError } from './token.error.js';
import { MAX_TOKEN_BYTES } from './token-shape.js';
import { TokenVerifier } from './token.verifier.js';

/** Authenticates a request: header, signature, claims, deny list. */
@Injectable()
export class TokenAuthenticator {
  private readonly cache = new VerifiedTokenCache();

  constructor(
    private readonly verifier: TokenVerifier,
    private readonly failures: FailureLimiter,
    @Inject(RevocationStore) private readonly revocations: RevocationStore,
  ) {}

  /**
   * The caller; synchronous where the token is cached and the deny list answers at once. `now`: milliseconds since the
   * epoch.
   *
   * @throws TokenError when the request has no valid token.
   * @throws TooManyFailuresError instead, when its address has sent too many invalid ones: never for a valid one.
   * @throws IssuerUnavailableError when the keys of its issuer cannot be fetched.
   * @throws RevocationUnavailableError when the deny list cannot be reached.
   */
  authenticate(request: Request, now = Date.now()): Principal | Promise<Principal> {
    let known: Principal | undefined;
    try {
      known = this.cache.get(readBearerToken(request), now);
    } catch {
      // `identify` throws the same error again.
    }
    const verdict = known && this.isRevoked(known, now);
    return known !== undefined && verdict === false ? known : this.identify(request, known, verdict);
  }

  /** Looks the token up in the deny list. May reject; {@link assertNotRevoked} converts the error. */
  isRevoked(principal: Principal, now?: number): boolean | Promise<boolean> {
    try {
      return this.revocations.isRevoked(principal, now);
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error('No verdict', { cause: error }));
    }
  }

  /**
   * `verdict`: of {@link isRevoked}.
   *
   * @throws TokenError when the token has been revoked.
   * @throws RevocationUnavailableError when the deny list cannot be reached.
   */
  async assertNotRevoked(principal: Principal, verdict = this.isRevoked(principal)): Promise<void> {
    let revoked: boolean;
    try {
      revoked = await verdict;
    } catch (cause) {
      throw new RevocationUnavailableError(cause);
    }
    if (revoked) throw new TokenError('revoked', principal);
  }

  private async identify(
    request: Request,
    known?: Principal,
    asked?: boolean | Promise<boolean>,
  ): Promise<Principal> {
    try {
      const principal = known ?? (await this.verify(readBearerToken(request), request.ip));
      await this.assertNotRevoked(principal, asked);
      return principal;
    } catch (error) {
      if (error instanceof TokenError && isFailure(error)) await this.failures.failed(request.ip);
      throw error;
    }
  }

  private async verify(token: string, address: string | undefined): Promise<Principal> {
    const principal = await this.verifier.verify(token, clientNetworkOf(address));
    this.cache.add(token, principal);
    return principal;
  }
}

/**
 * A request without a token is not a failure: clients send one to discover where to get a token. A token in the query
 * is never read and does not count either: any page could make its visitors' browsers send one, and so block their
 * address.
 */
function isFailure({ code, oauthError }: TokenError): boolean {
  return oauthError !== undefined && code !== 'token_in_query';
}

const CREDENTIALS = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i;
const SCHEME = /^bearer(?: |$)/i;

/**
 * Reads the token of a request: exactly one `Authorization: Bearer <b64token>` (RFC 6750 §2.1). A token in the query is
 * refused even beside a valid header (§2.3, OAuth 2.1 §5.1). Bodies and cookies are not read.
 *
 * @throws TokenError
 */
function readBearerToken({ url = '', rawHeaders }: IncomingMessage): string {
  const query = url.indexOf('?') + 1;
  if (query > 0 && (url.includes('%', query) || url.includes('access_token', query))) {
    if (new URLSearchParams(url.slice(query)).has('access_token')) throw new TokenError('token_in_query');
  }
  let header: string | undefined;
  // Not `headers`, which silently keeps the first of two.
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!;
    if (name.length !== 13 || name.toLowerCase() !== 'authorization') continue;
    if (header !== undefined) throw new TokenError('duplicate_header');
    header = rawHeaders[at + 1]!;
  }
  if (header === undefined) throw new TokenError('missing_token');
  const token = CREDENTIALS.exec(header)?.[1];
  if (token === undefined) throw new TokenError(SCHEME.test(header) ? 'malformed_header' : 'wrong_scheme');
  if (token.length > MAX_TOKEN_BYTES) throw new TokenError('too_large');
  return token;
}

const MAX_TOKENS = 10_000;
const MAX_BYTES = 8 * 1024 * 1024;
/** After this the signature is verified again: the issuer may have withdrawn the key. */
const TTL_MS = 5 * 60_000;

/**
 * Caches the principals of verified tokens, so that signatures are not computed each time. Refusals are not cached, and
 * revocation is checked each time.
 */
export class VerifiedTokenCache {
  private readonly principals = new LRUCache<string, Principal>({
    max: MAX_TOKENS,
    maxSize: MAX_BYTES,
    ttl: TTL_MS,
    ttlResolution: 1_000,
    perf: { now: () => Date.now() },
    sizeCalculation: (_principal, token) => token.length,
  });

  /** Undefined also for a token that has expired by `now`. */
  get(token: string, now: number): Principal | undefined {
    const principal = this.principals.get(token);
    if (principal === undefined || now < principal.refusedFrom) return principal;
    this.principals.delete(token);
    return undefined;
  }

  add(token: string, principal: Principal): void {
    this.principals.set(token, principal);
  }

  get size(): number {
    return this.principals.size;
  }

  get bytes(): number {
    return this.principals.calculatedSize;
  }
}
