import { Injectable } from '@nestjs/common';
import {
  denies,
  type RevocableToken,
  type Revocation,
  type RevocationStore,
  type RevocationTarget,
  revocationKey,
} from '../revocation-store.js';

/** {@link RevocationStore} in this process's memory. */
@Injectable()
export class MemoryRevocationStore implements RevocationStore {
  private readonly entries = new Map<string, Revocation>();
  private readonly listeners = new Set<(revocation: Revocation) => void>();

  async revoke(revocation: Revocation): Promise<void> {
    this.entries.set(revocationKey(revocation.target), revocation);
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
    const entry = this.find(target);
    return entry !== undefined && entry.revokedAt >= revokedAt;
  }

  get all(): readonly Revocation[] {
    this.sweep();
    return [...this.entries.values()];
  }

  /** Number of entries. */
  get size(): number {
    return this.entries.size;
  }

  sweep(): void {
    for (const [key, entry] of this.entries) if (hasExpired(entry)) this.entries.delete(key);
  }

  private has(target: RevocationTarget, token: RevocableToken): boolean {
    const entry = this.find(target);
    return entry !== undefined && denies(entry, token);
  }

  private find(target: RevocationTarget): Revocation | undefined {
    const entry = this.entries.get(revocationKey(target));
    return entry === undefined || hasExpired(entry) ? undefined : entry;
  }
}

function hasExpired({ expiresAt }: Revocation): boolean {
  return expiresAt * 1_000 <= Date.now();
}
