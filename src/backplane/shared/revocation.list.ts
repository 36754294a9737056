import { createHash } from 'node:crypto';
import { BackplaneUnavailable } from '../backplane-unavailable.error.js';
import { MemoryRevocationStore } from '../memory/memory-revocation.store.js';
import type { Fields, Records, RecordState } from '../records.js';
import {
  denies,
  type RevocableToken,
  type Revocation,
  type RevocationStore,
  type RevocationTarget,
  revocationKey,
  targetsOf,
} from '../revocation-store.js';
import type { Bus } from './bus.js';
import type { Membership } from './membership.js';

const TOPIC = 'revoked';
const MAX_VERDICTS = 50_000;
/** How long "not revoked" is valid on a node that cannot receive revocations. */
const GRACE_MS = 10_000;

/**
 * {@link RevocationStore} of all nodes. A verdict is valid while the bus is live, because a revocation
 * would be received. Received revocations are checked first: a verdict that was read at the same time cannot override them.
 */
export class RevocationList implements RevocationStore {
  private readonly heard = new MemoryRevocationStore();
  /** The ids of tokens that no record denies, oldest verdict first. */
  private readonly cleared = new Set<string>();

  private gaps = 0;

  constructor(
    private readonly records: Records,
    private readonly bus: Bus,
    private readonly membership: Membership,
  ) {
    bus.on(TOPIC, (body) => void this.hear(body as Revocation));
    bus.onGap(() => {
      this.gaps += 1;
      this.cleared.clear();
    });
    membership.on('replaced', () => this.writeAgain());
  }

  /**
   * Resolves when the revocation is on the bus. Rejects with `BackplaneUnavailable`; the revocation may still take
   * effect.
   */
  async revoke(revocation: Revocation): Promise<void> {
    await this.write(revocation);
    await this.hear(revocation);
    await this.bus.publish(TOPIC, revocation);
  }

  isRevoked(token: RevocableToken, now = Date.now()): boolean | Promise<boolean> {
    if (this.heard.isRevoked(token)) return true;
    if (this.bus.isLiveAt(now) && this.cleared.has(token.tokenId)) return false;
    return this.look(token);
  }

  onRevoked(listener: (revocation: Revocation) => void): () => void {
    return this.heard.onRevoked(listener);
  }

  sweep(): void {
    this.heard.sweep();
  }

  private async look(token: RevocableToken): Promise<boolean> {
    const { gaps } = this;
    const targets = targetsOf(token);
    let found: readonly (Fields | 'ended' | undefined)[];
    try {
      found = await Promise.all(targets.map((target) => this.records.read(recordOf(target))));
    } catch (error) {
      const isExcused = error instanceof BackplaneUnavailable && this.bus.lagMs < GRACE_MS;
      if (isExcused && this.cleared.has(token.tokenId)) return this.heard.isRevoked(token);
      throw error;
    }
    const revocations = found.flatMap((fields, at) => {
      if (fields === undefined || fields === 'ended') return [];
      return { target: targets[at]!, revokedAt: Number(fields['at']), expiresAt: Number(fields['exp']) };
    });
    if (revocations.some((revocation) => denies(revocation, token))) return true;
    // Shortly after a loss of data, some revocations are not written again yet.
    if (gaps === this.gaps && this.membership.isSteady) {
      this.cleared.add(token.tokenId);
      if (this.cleared.size > MAX_VERDICTS) this.cleared.delete(this.cleared.values().next().value!);
    }
    return this.heard.isRevoked(token);
  }

  private async hear(revocation: Revocation): Promise<void> {
    if (!this.heard.holds(revocation)) await this.heard.revoke(revocation);
  }

  /** Of two revocations of one subject, the later one counts. False: the engine has this one, or a later one. */
  private async write({ target, revokedAt, expiresAt }: Revocation): Promise<boolean> {
    const ttlMs = expiresAt * 1_000 - Date.now();
    if (ttlMs <= 0) return false;
    const fields = { at: String(revokedAt), exp: String(expiresAt) };
    let state: RecordState | 'unmet' = 'missing';
    while (state === 'missing') {
      if (await this.records.create(recordOf(target), fields, ttlMs)) return true;
      const change = { set: fields, ifHigher: ['at', revokedAt] as const };
      state = await this.records.patch(recordOf(target), change, ttlMs);
    }
    return state === 'ok';
  }

  private writeAgain(): void {
    for (const revocation of this.heard.all) this.revokeAgain(revocation).catch(() => undefined);
  }

  /** Where the engine lacked the revocation, nodes that have stayed with it may lack it too. */
  private async revokeAgain(revocation: Revocation): Promise<void> {
    if (await this.write(revocation)) await this.bus.publish(TOPIC, revocation);
  }
}

/** A digest, so that names of users and issuers do not appear in keys. */
function recordOf(target: RevocationTarget): string {
  return `rev:${createHash('sha256').update(revocationKey(target)).digest('base64url')}`;
}
