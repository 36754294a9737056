import { Injectable } from '@nestjs/common';
import {
  denies,
  type RevocableToken,
  type Revocation,
  type RevocationStore,
  type RevocationTarget,
} from '../revocation-store.js';
import { ExpiringMap } from './expiring-map.js';

/** {@link RevocationStore} in this process's memory. */
@Injectable()
export class MemoryRevocationStore implements RevocationStore {
  private readonly entries = new ExpiringMap<Revocation>();
  private readonly listeners = new Set<(revocation: Revocation) => void>();

  async revoke(revocation: Revocation): Promise<void> {
    this.entries.set(keyOf(revocation.target), revocation, revocation.expiresAt * 1000);
    for (const listener of this.listeners) listener(revocation);
  }

  isRevoked(token: RevocableToken): boolean {
    if (this.entries.size === 0) return false;
    const { tokenId, issuer, jti, subject } = token;
    return (
      this.has({ kind: 'token', tokenId }, token) ||
      (jti !== undefined && this.has({ kind: 'jti', issuer, jti }, token)) ||
      this.has({ kind: 'subject', issuer, subject }, token)
    );
  }

  onRevoked(listener: (revocation: Revocation) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** How many entries it holds. */
  get size(): number {
    return this.entries.size;
  }

  sweep(): void {
    this.entries.sweep();
  }

  private has(target: RevocationTarget, token: RevocableToken): boolean {
    const entry = this.entries.get(keyOf(target));
    return entry !== undefined && denies(entry, token);
  }
}

/** As JSON: an issuer and a name may hold any separator. */
function keyOf(target: RevocationTarget): string {
  switch (target.kind) {
    case 'token':
      return JSON.stringify(['token', target.tokenId]);
    case 'jti':
      return JSON.stringify(['jti', target.issuer, target.jti]);
    case 'subject':
      return JSON.stringify(['subject', target.issuer, target.subject]);
  }
}
