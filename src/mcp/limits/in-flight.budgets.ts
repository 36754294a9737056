import { Inject, Injectable } from '@nestjs/common';
import { getHeapStatistics } from 'node:v8';
import { MCP_OPTIONS, type McpModuleOptions } from '../mcp.options.js';

/** The share of the heap that all users together may have held for them, and that one user may. */
const SHARE_OF_ALL = 1 / 2;
const SHARE_OF_ONE = 1 / 4;

/** A user or the whole server is at its limit: `user` becomes 429, `server` 503. */
export class BudgetExceededError extends Error {
  override readonly name = 'BudgetExceededError';

  constructor(
    readonly whose: 'user' | 'server',
    readonly what: 'bytes' | 'calls',
  ) {
    super(
      whose === 'user' ? `This user has too many ${what} in flight` : 'The server holds as much as it may',
    );
  }
}

/** Bytes that the server holds for one user, until they are released: a body, arguments, a reply that is not read yet. */
export interface ByteHold {
  readonly bytes: number;
  /** Holds `bytes` from now on. Throws {@link BudgetExceededError}, and goes on holding what it did. */
  resize(bytes: number): void;
  /** Holds nothing any more. May be called again. */
  release(): void;
}

interface Account {
  readonly user: string;
  bytes: number;
  calls: number;
}

/**
 * What the server holds at this moment, for each user and in all: one account that every body, argument, unread
 * reply, replay log, subscription and listen stream is booked in. A user is an issuer and a subject, so that more
 * registered clients are no more budget.
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

  /** How many users something is held for. */
  get users(): number {
    return this.accounts.size;
  }

  /** Bytes that are held for one user. */
  bytesOf(user: string): number {
    return this.accounts.get(user)?.bytes ?? 0;
  }

  /** Holds `bytes` for a user. Throws {@link BudgetExceededError}. */
  hold(user: string, bytes: number): ByteHold {
    const hold = new Hold(this, user);
    hold.resize(bytes);
    return hold;
  }

  /** Counts a call of a user until the returned function is called. Throws {@link BudgetExceededError}. */
  beginCall(user: string): () => void {
    const account = this.accountOf(user);
    if (account.calls >= this.options.callsInFlight) throw new BudgetExceededError('user', 'calls');
    account.calls += 1;
    this.accounts.set(user, account);
    let running = true;
    return () => {
      if (!running) return;
      running = false;
      account.calls -= 1;
      this.forgetEmpty(account);
    };
  }

  /** Books `more` bytes of a user, which may be negative. */
  book(user: string, more: number): void {
    const account = this.accountOf(user);
    if (more > 0) {
      if (account.bytes + more > this.bytesOfOne) throw new BudgetExceededError('user', 'bytes');
      if (this.held + more > this.bytesOfAll) throw new BudgetExceededError('server', 'bytes');
      this.accounts.set(user, account);
    }
    account.bytes += more;
    this.held += more;
    this.forgetEmpty(account);
  }

  private accountOf(user: string): Account {
    return this.accounts.get(user) ?? { user, bytes: 0, calls: 0 };
  }

  private forgetEmpty({ user, bytes, calls }: Account): void {
    if (bytes === 0 && calls === 0) this.accounts.delete(user);
  }
}

class Hold implements ByteHold {
  bytes = 0;

  constructor(
    private readonly budgets: InFlightBudgets,
    private readonly user: string,
  ) {}

  resize(bytes: number): void {
    if (bytes === this.bytes) return;
    this.budgets.book(this.user, bytes - this.bytes);
    this.bytes = bytes;
  }

  release(): void {
    this.resize(0);
  }
}
