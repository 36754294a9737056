import { Inject, Injectable } from '@nestjs/common';
import { ErrorCode } from '../messages/sdk-types.js';
import { RATE_LIMITED, RefusedError } from '../messages/refused.error.js';
import { getHeapStatistics } from 'node:v8';
import { MCP_OPTIONS, type McpModuleOptions } from '../mcp.options.js';

/** The share of the heap that may be held for all users together, and for one user. */
const SHARE_OF_ALL = 1 / 3;
const SHARE_OF_ONE = 1 / 12;

/** Seconds after which a retry is likely to succeed. */
const RETRY_AFTER = 2;

/** The user, or the server as a whole, holds as much as allowed. */
export class BudgetExceededError extends RefusedError {
  override readonly name = 'BudgetExceededError';

  constructor(
    readonly whose: 'user' | 'server',
    readonly what: 'bytes' | 'calls',
  ) {
    super(
      whose === 'server' ? 'server_full' : what === 'calls' ? 'too_many_calls' : 'too_many_bytes',
      whose === 'user' ? `This user has too many ${what} in flight` : 'The server holds as much as it may',
      { code: whose === 'user' ? RATE_LIMITED : ErrorCode.InternalError, retryAfter: RETRY_AFTER },
    );
  }
}

/** Bytes held for one user until they are released: a body, arguments, a reply not yet read. */
export interface ByteHold {
  readonly user: string;
  readonly bytes: number;
  /**
   * Holds `bytes` from now on. Throws {@link BudgetExceededError} and keeps the previous size then. No effect after
   * {@link release}.
   */
  resize(bytes: number): void;
  /** Holds nothing from now on. May be called again. */
  release(): void;
}

/** The budget of one user: see {@link InFlightBudgets.of}. */
export interface UserBudget {
  readonly user: string;
  hold(bytes: number): ByteHold;
}

/** Lives as long as a stream: an object with a closure would take three times the memory. */
class BudgetOfUser implements UserBudget {
  constructor(
    private readonly budgets: InFlightBudgets,
    readonly user: string,
  ) {}

  hold(bytes: number): ByteHold {
    return this.budgets.hold(this.user, bytes);
  }
}

interface Account {
  readonly user: string;
  bytes: number;
  calls: number;
  /** Holds that can be reclaimed to make room. */
  readonly reclaimable: Set<Hold>;
}

/**
 * Accounts for the memory held for each user and in all: bodies, arguments, unread replies, stored events, subscriptions
 * and listen streams. A user is an issuer and a subject, so more registered clients give no more budget.
 */
@Injectable()
export class InFlightBudgets {
  private readonly accounts = new Map<string, Account>();
  private readonly bytesOfAll: number;
  private readonly bytesOfOne: number;
  private held = 0;

  constructor(@Inject(MCP_OPTIONS) private readonly options: McpModuleOptions) {
    const heap = getHeapStatistics().heap_size_limit;
    this.bytesOfAll = heap * SHARE_OF_ALL;
    this.bytesOfOne = Math.min(options.bytesInFlight, heap * SHARE_OF_ONE);
  }

  /** Bytes that are held for all users. */
  get size(): number {
    return this.held;
  }

  /** Number of users with something held. */
  get users(): number {
    return this.accounts.size;
  }

  /** Bytes that are held for one user. */
  bytesOf(user: string): number {
    return this.accounts.get(user)?.bytes ?? 0;
  }

  /** The budget of one user. */
  of(user: string): UserBudget {
    return new BudgetOfUser(this, user);
  }

  /**
   * Holds `bytes` for a user. Throws {@link BudgetExceededError}. `onReclaim`: the held data is optional; called when
   * the bytes are needed for something else, and count as released.
   */
  hold(user: string, bytes: number, onReclaim?: () => void): ByteHold {
    const hold = new Hold(this, user, onReclaim);
    hold.resize(bytes);
    return hold;
  }

  /** Counts calls of a user until the returned function is called. Throws {@link BudgetExceededError}. */
  beginCalls(user: string, count: number): () => void {
    const account = this.accountOf(user);
    if (account.calls + count > this.options.callsInFlight) throw new BudgetExceededError('user', 'calls');
    account.calls += count;
    this.accounts.set(user, account);
    let running = true;
    return () => {
      if (!running) return;
      running = false;
      account.calls -= count;
      this.forgetEmpty(account);
    };
  }

  /** Adds `more` bytes to a hold; may be negative. */
  book(hold: Hold, more: number): void {
    const account = this.accountOf(hold.user);
    if (more > 0) {
      this.makeRoom(account, more, hold);
      if (account.bytes + more > this.bytesOfOne) throw new BudgetExceededError('user', 'bytes');
      if (this.held + more > this.bytesOfAll) throw new BudgetExceededError('server', 'bytes');
      this.accounts.set(hold.user, account);
    }
    account.bytes += more;
    this.held += more;
    if (hold.isReclaimable && hold.bytes + more > 0) account.reclaimable.add(hold);
    else account.reclaimable.delete(hold);
    this.forgetEmpty(account);
  }

  /** Reclaims optional holds: of the user first, and where the server is at its limit, of all. */
  private makeRoom(account: Account, more: number, asking: Hold): void {
    for (const hold of account.reclaimable) {
      if (account.bytes + more <= this.bytesOfOne && this.held + more <= this.bytesOfAll) return;
      if (hold !== asking) hold.reclaim();
    }
    if (this.held + more <= this.bytesOfAll || account.bytes + more > this.bytesOfOne) return;
    for (const { reclaimable } of this.accounts.values()) {
      for (const hold of reclaimable) {
        if (this.held + more <= this.bytesOfAll) return;
        if (hold !== asking) hold.reclaim();
      }
    }
  }

  private accountOf(user: string): Account {
    return this.accounts.get(user) ?? { user, bytes: 0, calls: 0, reclaimable: new Set() };
  }

  private forgetEmpty({ user, bytes, calls }: Account): void {
    if (bytes === 0 && calls === 0) this.accounts.delete(user);
  }
}

class Hold implements ByteHold {
  bytes = 0;
  private isReleased = false;

  constructor(
    private readonly budgets: InFlightBudgets,
    readonly user: string,
    private readonly onReclaim: (() => void) | undefined,
  ) {}

  get isReclaimable(): boolean {
    return this.onReclaim !== undefined;
  }

  resize(bytes: number): void {
    if (bytes === this.bytes || this.isReleased) return;
    this.budgets.book(this, bytes - this.bytes);
    this.bytes = bytes;
  }

  release(): void {
    this.resize(0);
    this.isReleased = true;
  }

  reclaim(): void {
    this.resize(0);
    this.onReclaim?.();
  }
}
