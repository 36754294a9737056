import { Inject, Injectable, Logger } from '@nestjs/common';
import { createHash, randomUUID } from 'node:crypto';
import { BackplaneUnavailable, ConcurrencyLimiter } from '../../backplane/index.js';
import { duplicateId } from '../messages/refused.error.js';
import type { JsonRpcRequest } from '../messages/json-rpc.js';
import type { RequestId } from '../messages/sdk-types.js';
import type { ResolvedMessage } from '../protocol/message.dispatcher.js';
import type { Peer } from '../sessions/peer.js';
import { isShared } from '../sessions/session.expiry.js';

/** Longer than a call may take, including its requests to the client. Milliseconds. */
const RUNNING_MS = 900_000;
/** How long a request whose client may not have its reply cannot be sent again. Milliseconds. */
const UNANSWERED_MS = 120_000;
const WARN_EACH_MS = 10_000;

/** Calls that no other node runs at the same time. */
export interface GuardedCalls {
  /** Rejects with 400 if one of them runs on another node, or if its client may have lost its reply. */
  readonly taken: Promise<void>;
  /** The calls were answered or refused. `isUnanswered`: the connection broke before the reply was sent completely. */
  end(isUnanswered: boolean): void;
}

/**
 * Prevents a call from running on two nodes at the same time: a client that has lost its connection may send it again.
 * Guards calls of tools that are neither read-only nor idempotent, in sessions of Streamable HTTP. With one node the
 * session itself knows its calls, and the gate does not ask.
 */
@Injectable()
export class DuplicateGuard {
  private readonly logger = new Logger('Gate');
  private warnedAt = Number.NEGATIVE_INFINITY;

  constructor(@Inject(ConcurrencyLimiter) private readonly slots: ConcurrencyLimiter) {}

  /** Undefined: there is nothing to guard. */
  begin(messages: readonly ResolvedMessage[], peer: Peer | undefined): GuardedCalls | undefined {
    if (peer === undefined || !isShared(peer) || !messages.some(runsOnce)) return undefined;
    const keys = messages.filter(runsOnce).map(({ message }) => keyOf(peer.id, message.id));
    const holder = randomUUID();
    const taken = this.take(keys, holder);
    return {
      taken,
      end: (isUnanswered) => {
        const left = taken.then(() => Promise.all(keys.map((key) => this.leave(key, holder, isUnanswered))));
        // Releases only the slots that were taken. A slot that cannot be released now expires.
        left.catch(() => undefined);
      },
    };
  }

  private async take(keys: readonly string[], holder: string): Promise<void> {
    let taken: readonly boolean[];
    try {
      taken = await Promise.all(keys.map((key) => this.slots.acquire(key, holder, 1, RUNNING_MS)));
    } catch (error) {
      if (!(error instanceof BackplaneUnavailable)) throw error;
      return this.skipped(error);
    }
    if (taken.every(Boolean)) return;
    const own = keys.filter((_key, at) => taken[at]);
    for (const key of own) this.leave(key, holder, false).catch(() => undefined);
    throw duplicateId();
  }

  private leave(key: string, holder: string, isUnanswered: boolean): Promise<unknown> {
    return isUnanswered ? this.slots.renew(key, holder, UNANSWERED_MS) : this.slots.release(key, holder);
  }

  /** Without the backplane, calls run unguarded rather than not at all; docs/scale-out.md says so. */
  private skipped(error: BackplaneUnavailable): void {
    const now = performance.now();
    if (now - this.warnedAt < WARN_EACH_MS) return;
    this.warnedAt = now;
    this.logger.warn({ event: 'duplicate_guard.skipped', err: error });
  }
}

type ResolvedRequest = ResolvedMessage & { readonly message: JsonRpcRequest };

function runsOnce(resolved: ResolvedMessage): resolved is ResolvedRequest {
  const { found, message } = resolved;
  return (
    found?.verdict === 'allowed' && found.target.primitive.runsOnce === true && message.kind === 'request'
  );
}

/** A digest, since an id may be long. */
function keyOf(session: string, id: RequestId): string {
  return `call:${session}:${createHash('sha256').update(JSON.stringify(id)).digest('base64url')}`;
}
