import { Logger } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLocalJWKSet, errors, type JWTVerifyGetKey } from 'jose';
import type { ExternalIssuer } from '../../config/index.js';
import { discoverJwksUri } from './issuer-metadata.js';
import { IssuerUnavailableError } from './issuer-unavailable.error.js';
import { readKeyList } from './key-list.js';
import { fetchDocument } from './provider-document.js';

/** Time limit for fetching metadata and keys together. */
const FETCH_MS = 5_000;
/** Keys older than this are fetched again. */
const FRESH_MS = 10 * 60_000;
/** How long keys are used if they cannot be fetched again. */
const STALE_MS = 60 * 60_000;
/** How long a token waits for old keys to be fetched again. */
const PATIENCE_MS = 500;
/** Minimum time between two fetches, even if many tokens name an unknown key. */
const COOLDOWN_MS = 30_000;
/** Minimum time between two fetches while there are no keys. */
const RETRY_MS = 1_000;

interface Known {
  readonly keyFor: JWTVerifyGetKey;
  readonly fetchedAt: number;
}

/**
 * The keys of one external issuer. They are fetched at the first token of this issuer, and again when they are old or a
 * token names an unknown key, but not more often than the cooldown allows. While the provider is down, the known keys
 * are used for {@link STALE_MS}. Concurrent requests share one fetch.
 *
 * jose's own `createRemoteJWKSet` neither uses old keys nor waits after a failed fetch.
 */
export class IssuerKeys {
  private readonly logger = new Logger('IssuerKeys');
  private known: Known | undefined;
  private jwksUri: string | undefined;
  private pending: Promise<void> | undefined;
  private attemptedAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly issuer: ExternalIssuer) {}

  /**
   * The key that a token names.
   *
   * @throws IssuerUnavailableError when there are no keys; jose's `JWKSNoMatchingKey` when none matches.
   */
  readonly keyFor: JWTVerifyGetKey = async (header, token) => {
    if (this.age >= FRESH_MS) await this.refreshPatiently();
    try {
      return await this.usable()(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || !(await this.refresh())) throw error;
      return this.usable()(header, token);
    }
  };

  private get age(): number {
    return this.known === undefined ? Number.POSITIVE_INFINITY : Date.now() - this.known.fetchedAt;
  }

  private usable(): JWTVerifyGetKey {
    if (this.known === undefined || this.age >= STALE_MS) throw new IssuerUnavailableError();
    return this.known.keyFor;
  }

  /** While there are keys, a provider that does not respond delays a token by {@link PATIENCE_MS} only. */
  private async refreshPatiently(): Promise<void> {
    const refreshed = this.refresh();
    await (this.age < STALE_MS ? Promise.race([refreshed, sleep(PATIENCE_MS)]) : refreshed);
  }

  /** False: the cooldown has not passed. */
  private async refresh(): Promise<boolean> {
    if (this.pending === undefined) {
      const wait = this.age < STALE_MS ? COOLDOWN_MS : RETRY_MS;
      if (Date.now() - this.attemptedAt < wait) return false;
      this.attemptedAt = Date.now();
      this.pending = this.load().finally(() => (this.pending = undefined));
    }
    await this.pending;
    return true;
  }

  /** Never rejects. On failure the known keys are kept. */
  private async load(): Promise<void> {
    const signal = AbortSignal.timeout(FETCH_MS);
    try {
      this.jwksUri ??= this.issuer.jwksUri ?? (await discoverJwksUri(this.issuer.issuer, signal));
      const { keys, refused } = readKeyList(await fetchDocument(this.jwksUri, signal));
      this.known = { keyFor: createLocalJWKSet(keys), fetchedAt: Date.now() };
      if (refused > 0) this.warn('auth.issuer_keys_refused', { refused });
    } catch (error) {
      // The metadata may name another URL now.
      this.jwksUri = undefined;
      this.warn('auth.issuer_unavailable', { reason: reasonOf(error) });
    }
  }

  private warn(event: string, more: Readonly<Record<string, unknown>>): void {
    this.logger.warn({ event, issuer: this.issuer.issuer, ...more });
  }
}

/** The error of `fetch` is generic; its cause has the reason. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const { cause } = error;
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined;
  return typeof code === 'string' ? `${error.message} (${code})` : error.message;
}
