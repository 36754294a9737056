/**
 * What a revocation denies: one token, every token of an issuer with a `jti`, or every token that a subject of
 * an issuer holds. Two issuers may use the same name for different people.
 */
export type RevocationTarget =
  | { readonly kind: 'token'; readonly tokenId: string }
  | { readonly kind: 'jti'; readonly issuer: string; readonly jti: string }
  | { readonly kind: 'subject'; readonly issuer: string; readonly subject: string };

/** An entry of the deny list. Times are seconds since the epoch, as in a JWT. */
export interface Revocation {
  readonly target: RevocationTarget;
  /** Tokens of the subject are denied when their `iat` is not after this time. */
  readonly revokedAt: number;
  /** When the entry expires: no token that it denies lives longer. */
  readonly expiresAt: number;
}

/** The properties by which the deny list identifies a token. */
export interface RevocableToken {
  /** Identifies this token: derived from the signed content, never from its encoding. */
  readonly tokenId: string;
  /** `iss`, unchanged. */
  readonly issuer: string;
  readonly jti: string | undefined;
  readonly subject: string;
  /** Seconds since the epoch. */
  readonly issuedAt: number;
}

/**
 * The deny list, shared by all nodes. `isRevoked` is called on every request. It rejects when the engine
 * is unavailable and no verdict is cached: the caller then answers 503, never "not revoked". An engine that
 * has the verdict in memory returns it synchronously. `now`: milliseconds since the epoch, if the caller has just read
 * the clock.
 */
export interface RevocationStore {
  revoke(revocation: Revocation): Promise<void>;
  isRevoked(token: RevocableToken, now?: number): boolean | Promise<boolean>;
  /** Calls back on this node for every entry that a node adds. Returns the function that unsubscribes. */
  onRevoked(listener: (revocation: Revocation) => void): () => void;
}

/** Injection token of the {@link RevocationStore} port. */
export const RevocationStore = Symbol('RevocationStore');

/** Whether `revocation` denies `token`. */
export function denies({ target, revokedAt }: Revocation, token: RevocableToken): boolean {
  switch (target.kind) {
    case 'token':
      return target.tokenId === token.tokenId;
    case 'jti':
      return target.issuer === token.issuer && target.jti === token.jti;
    case 'subject':
      return (
        target.issuer === token.issuer && target.subject === token.subject && token.issuedAt <= revokedAt
      );
  }
}

/** The key of a target. As JSON, because an issuer and a name may contain any separator. */
export function revocationKey(target: RevocationTarget): string {
  switch (target.kind) {
    case 'token':
      return JSON.stringify(['token', target.tokenId]);
    case 'jti':
      return JSON.stringify(['jti', target.issuer, target.jti]);
    case 'subject':
      return JSON.stringify(['subject', target.issuer, target.subject]);
  }
}

/** The targets that deny a token. */
export function targetsOf({ tokenId, issuer, jti, subject }: RevocableToken): readonly RevocationTarget[] {
  return [
    { kind: 'token', tokenId },
    ...(jti === undefined ? [] : [{ kind: 'jti' as const, issuer, jti }]),
    { kind: 'subject', issuer, subject },
  ];
}
