import { Injectable } from '@nestjs/common';
import {
  denies,
  type RevocableToken,
  type Revocation,
  type RevocationStore,
  type RevocationTarget,
  revocationKey,
} from '../revocation-store.js';
import { ExpiringMap } from './expiring-map.js';

/** {@link RevocationStore} in this process's memory. */
@Injectable()
export class MemoryRevocationStore implements RevocationStore {
  private readonly entries = new ExpiringMap<Revocation>();
  private readonly listeners = new Set<(revocation: Revocation) => void>();

  async revoke(revocation: Revocation): Promise<void> {
    this.entries.set(revocationKey(revocation.target), revocation, revocation.expiresAt * 1000);
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

  /** Whether the store has this entry, or a later one of the same target. */
  holds({ target, revokedAt }: Revocation): boolean {
    const entry = this.entries.get(revocationKey(target));
    return entry !== undefined && entry.revokedAt >= revokedAt;
  }

  get all(): readonly Revocation[] {
    return this.entries.values();
  }

  /** Number of entries. */
  get size(): number {
    return this.entries.size;
  }

  sweep(): void {
    this.entries.sweep();
  }

  private has(target: RevocationTarget, token: RevocableToken): boolean {
    const entry = this.entries.get(revocationKey(target));
    return entry !== undefined && denies(entry, token);
  }
}
