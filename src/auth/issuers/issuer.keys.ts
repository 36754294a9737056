import { Logger } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLocalJWKSet, errors, type JWTVerifyGetKey } from 'jose';
import type { ExternalIssuer } from '../../config/index.js';
import { discoverJwksUri } from './issuer-metadata.js';
import { IssuerUnavailableError } from './issuer-unavailable.error.js';
import { readKeyList } from './key-list.js';
import { fetchDocument } from './provider-document.js';

/** For the metadata and the keys together. */
const FETCH_MS = 5_000;
/** The keys are asked for again when they are older. */
const FRESH_MS = 10 * 60_000;
/** How long keys count that nobody has been able to confirm. */
const STALE_MS = 60 * 60_000;
/** How long a token waits for keys to be confirmed that are old. */
const PATIENCE_MS = 500;
/** Between two attempts, however many tokens name a key that is not there. */
const COOLDOWN_MS = 30_000;
/** Between two attempts while there is nothing to go on with. */
const RETRY_MS = 1_000;

interface Known {
  readonly keyFor: JWTVerifyGetKey;
  readonly fetchedAt: number;
}

/**
 * The keys of one external issuer: fetched at the first token of this issuer, kept, and fetched again when
 * they are old or when a token names one that is not among them, but never more often than the cooldown
 * allows. When the provider is down, those that are known go on for {@link STALE_MS}. Requests that come
 * together share one fetch.
 *
 * jose's own `createRemoteJWKSet` neither goes on with old keys nor waits after a fetch that failed.
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
   * @throws IssuerUnavailableError when there are no keys; jose's `JWKSNoMatchingKey` when it is none of them.
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

  /** With keys to go on with, a provider that hangs holds a token up for {@link PATIENCE_MS} only. */
  private async refreshPatiently(): Promise<void> {
    const refreshed = this.refresh();
    await (this.age < STALE_MS ? Promise.race([refreshed, sleep(PATIENCE_MS)]) : refreshed);
  }

  /** False: it is too early to ask again. */
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

  /** Never rejects: what is known stays. */
  private async load(): Promise<void> {
    const signal = AbortSignal.timeout(FETCH_MS);
    try {
      this.jwksUri ??= this.issuer.jwksUri ?? (await discoverJwksUri(this.issuer.issuer, signal));
      const { keys, refused } = readKeyList(await fetchDocument(this.jwksUri, signal));
      this.known = { keyFor: createLocalJWKSet(keys), fetchedAt: Date.now() };
      if (refused > 0) this.warn('auth.issuer_keys_refused', { refused });
    } catch (error) {
      // The metadata may have moved the keys elsewhere.
      this.jwksUri = undefined;
      this.warn('auth.issuer_unavailable', { reason: reasonOf(error) });
    }
  }

  private warn(event: string, more: Readonly<Record<string, unknown>>): void {
    this.logger.warn({ event, issuer: this.issuer.issuer, ...more });
  }
}

/** `fetch` says only that it failed; why is in the cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const { cause } = error;
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined;
  return typeof code === 'string' ? `${error.message} (${code})` : error.message;
}
