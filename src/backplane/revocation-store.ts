/**
 * What can be taken back: one token, every token of an issuer with a `jti`, or every token that a subject of
 * an issuer holds. Two issuers may use the same name for different people.
 */
export type RevocationTarget =
  | { readonly kind: 'token'; readonly tokenId: string }
  | { readonly kind: 'jti'; readonly issuer: string; readonly jti: string }
  | { readonly kind: 'subject'; readonly issuer: string; readonly subject: string };

/** An entry of the deny list. Times are seconds since the epoch, as in a JWT. */
export interface Revocation {
  readonly target: RevocationTarget;
  /** A subject's tokens are denied when their `iat` is not after this moment. */
  readonly revokedAt: number;
  /** When the entry may be forgotten: no token that it denies lives longer. */
  readonly expiresAt: number;
}

/** The marks by which the deny list knows a token. */
export interface RevocableToken {
  /** Names this one token: derived from what was signed, never from the bytes that carried it. */
  readonly tokenId: string;
  /** `iss`, to the letter. */
  readonly issuer: string;
  readonly jti: string | undefined;
  readonly subject: string;
  /** Seconds since the epoch. */
  readonly issuedAt: number;
}

/**
 * The deny list, shared by all nodes. `isRevoked` is asked on every request. It rejects when the engine
 * cannot be reached and no verdict is at hand: the caller answers 503, never "not revoked". An engine that
 * has the verdict at hand gives it at once.
 */
export interface RevocationStore {
  revoke(revocation: Revocation): Promise<void>;
  isRevoked(token: RevocableToken): boolean | Promise<boolean>;
  /** Calls back on this node for every entry that any node adds. Returns the way to stop listening. */
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

/** Names a target. As JSON: an issuer and a name may hold any separator. */
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

/** By what a token may be denied. */
export function targetsOf({ tokenId, issuer, jti, subject }: RevocableToken): readonly RevocationTarget[] {
  return [
    { kind: 'token', tokenId },
    ...(jti === undefined ? [] : [{ kind: 'jti' as const, issuer, jti }]),
    { kind: 'subject', issuer, subject },
  ];
}
