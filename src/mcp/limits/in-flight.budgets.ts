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

/** The budget of one user. */
export interface UserBudget {
  readonly user: string;
  /** As {@link InFlightBudgets.hold}. */
  hold(bytes: number): BudgetHold;
}

/**
 * What one message, or one stream, takes of its user's budget until it is released: the bytes of a body, of arguments
 * or of a reply not yet read, and calls in flight.
 */
export interface BudgetHold extends UserBudget {
  readonly bytes: number;
  /** In flight. */
  readonly calls: number;
  /**
   * Holds `bytes` from now on. Throws {@link BudgetExceededError} and keeps the previous size then. No effect after
   * {@link release}.
   */
  resize(bytes: number): void;
  /** Holds no bytes from now on. May be called again. */
  release(): void;
  /** Counts calls until {@link endCalls}. Throws {@link BudgetExceededError}. */
  beginCalls(count: number): void;
  /** May be called again. */
  endCalls(): void;
}

/**
 * Up to so many accounts are kept while they are empty. Most users return, and a map that gains and loses an entry with
 * each call leaves garbage in V8's old generation.
 */
const KEPT_ACCOUNTS = 1_000;

interface Account {
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
  /** Of the users with something held, and of some who had. Holds alone change them, and {@link size}. */
  readonly accounts = new Map<string, Account>();
  /** Bytes that are held for all users. */
  size = 0;
  readonly callsOfOne: number;
  readonly bytesOfOne: number;
  readonly bytesOfAll: number;

  constructor(@Inject(MCP_OPTIONS) { bytesInFlight, callsInFlight }: McpModuleOptions) {
    const heap = getHeapStatistics().heap_size_limit;
    this.callsOfOne = callsInFlight;
    this.bytesOfOne = Math.min(bytesInFlight, heap * SHARE_OF_ONE);
    this.bytesOfAll = heap * SHARE_OF_ALL;
  }

  /** Number of users with something held. */
  get users(): number {
    return [...this.accounts.values()].filter(({ bytes, calls }) => bytes > 0 || calls > 0).length;
  }

  /** Bytes that are held for one user. */
  bytesOf(user: string): number {
    return this.accounts.get(user)?.bytes ?? 0;
  }

  /** The budget of one user. Lives as long as a stream. */
  of(user: string): UserBudget {
    return new Hold(this, user, undefined);
  }

  /**
   * Holds `bytes` for a user. Throws {@link BudgetExceededError}. `onReclaim`: the held data is optional; called when
   * the bytes are needed for something else, and count as released.
   */
  hold(user: string, bytes: number, onReclaim?: () => void): BudgetHold {
    const hold = new Hold(this, user, onReclaim);
    if (bytes > 0) hold.resize(bytes);
    return hold;
  }
}

class Hold implements BudgetHold {
  bytes: number;
  calls: number;
  private isReleased: boolean;

  constructor(
    private readonly budgets: InFlightBudgets,
    readonly user: string,
    private readonly onReclaim: (() => void) | undefined,
  ) {
    this.bytes = 0;
    this.calls = 0;
    this.isReleased = false;
  }

  hold(bytes: number): BudgetHold {
    return this.budgets.hold(this.user, bytes);
  }

  resize(bytes: number): void {
    const more = bytes - this.bytes;
    if (more === 0 || this.isReleased) return;
    const { budgets } = this;
    const account = this.account();
    if (more > 0) {
      const isOver = account.bytes + more > budgets.bytesOfOne || budgets.size + more > budgets.bytesOfAll;
      if (isOver) this.makeRoom(account, more);
      budgets.accounts.set(this.user, account);
    }
    account.bytes += more;
    budgets.size += more;
    this.bytes = bytes;
    if (this.onReclaim !== undefined) {
      if (bytes > 0) account.reclaimable.add(this);
      else account.reclaimable.delete(this);
    }
    if (account.bytes === 0 && account.calls === 0 && budgets.accounts.size > KEPT_ACCOUNTS)
      budgets.accounts.delete(this.user);
  }

  release(): void {
    this.resize(0);
    this.isReleased = true;
  }

  beginCalls(count: number): void {
    const { budgets } = this;
    const account = this.account();
    if (account.calls + count > budgets.callsOfOne) throw new BudgetExceededError('user', 'calls');
    account.calls += count;
    this.calls += count;
    budgets.accounts.set(this.user, account);
  }

  endCalls(): void {
    if (this.calls === 0) return;
    const { budgets } = this;
    const account = this.account();
    account.calls -= this.calls;
    this.calls = 0;
    if (account.bytes === 0 && account.calls === 0 && budgets.accounts.size > KEPT_ACCOUNTS)
      budgets.accounts.delete(this.user);
  }

  private account(): Account {
    return this.budgets.accounts.get(this.user) ?? { bytes: 0, calls: 0, reclaimable: new Set() };
  }

  /**
   * Reclaims optional holds: of the user first, and where the server is at its limit, of all. Throws where that is not
   * enough.
   */
  private makeRoom(account: Account, more: number): void {
    const { budgets } = this;
    for (const hold of account.reclaimable) {
      if (account.bytes + more <= budgets.bytesOfOne && budgets.size + more <= budgets.bytesOfAll) return;
      if (hold !== this) hold.reclaim();
    }
    if (account.bytes + more > budgets.bytesOfOne) throw new BudgetExceededError('user', 'bytes');
    for (const { reclaimable } of budgets.accounts.values()) {
      for (const hold of reclaimable) {
        if (budgets.size + more <= budgets.bytesOfAll) return;
        if (hold !== this) hold.reclaim();
      }
    }
    if (budgets.size + more > budgets.bytesOfAll) throw new BudgetExceededError('server', 'bytes');
  }

  private reclaim(): void {
    this.resize(0);
    this.onReclaim?.();
  }
}
