import { Inject, Injectable } from '@nestjs/common';
import { type RateLimit, RateLimiter, type RateVerdict } from '../../backplane/index.js';
import type { BudgetHold } from '../limits/in-flight.budgets.js';
import { MCP_OPTIONS, type McpModuleOptions } from '../mcp.options.js';
import { type ExceededLimit, RATE_LIMITED, RefusedError } from '../messages/refused.error.js';
import type { ResolvedMessage } from '../protocol/message.dispatcher.js';

/** A smaller body is charged after it is read, since its content decides which limit applies. */
const SMALL_BYTES = 16_384;
/** Bytes of a body that cost as much as one call. */
const BYTES_OF_A_CALL = 100_000;
/** Other messages allowed per call. */
const MESSAGES_FOR_A_CALL = 10;

/** The body that messages arrived in: its size in bytes, and what was charged before it was read. */
export interface ChargedBody {
  readonly length: number;
  readonly taken: number;
}

const NO_BODY: ChargedBody = { length: 0, taken: 0 };

/** The cost of some messages in one limit. */
interface Demand {
  /** The limit's name in the headers. */
  readonly policy: string;
  readonly key: string;
  readonly limit: RateLimit;
  readonly cost: number;
}

/**
 * Limits the calls of a user: the rate (`RATE_LIMIT`, and beside it the `rateLimit` of each primitive), where a large
 * body counts as several calls, and the number in flight (`CALLS_IN_FLIGHT`). Other messages have a limit of their own,
 * ten times as high, so that a client without calls left may still ping.
 */
@Injectable()
export class CallLimiter {
  constructor(
    @Inject(RateLimiter) private readonly limiter: RateLimiter,
    @Inject(MCP_OPTIONS) private readonly options: McpModuleOptions,
  ) {}

  /**
   * Charges a body before it is read, unless it is small. `announced`: its size in bytes; undefined where it is
   * unknown. Returns the charge; rejects with {@link RefusedError}.
   */
  chargeBody(announced: number | undefined, { user }: BudgetHold): number | Promise<number> {
    const { callLimit } = this.options;
    const isFree = callLimit === undefined || (announced !== undefined && announced <= SMALL_BYTES);
    return isFree ? 0 : this.takeBody(announced ?? 0, user, callLimit);
  }

  /**
   * Counts calls from their acceptance until {@link BudgetHold.endCalls}. Throws {@link BudgetExceededError} where the
   * user has too many in flight.
   */
  begin(messages: readonly ResolvedMessage[], hold: BudgetHold): void {
    let calls = 0;
    for (const { handler } of messages) if (handler?.kind !== undefined) calls += 1;
    if (calls > 0) hold.beginCalls(calls);
  }

  /**
   * Charges the messages of one delivery, whose calls `hold` counts, before any of them starts: all of them, or none
   * where one limit is exceeded. Rejects with {@link RefusedError} then. Undefined: no charge.
   */
  take(messages: readonly ResolvedMessage[], hold: BudgetHold, body = NO_BODY): Promise<void> | undefined {
    const demands = this.demandsOf(messages, hold, body);
    const taken: (RateVerdict | Promise<RateVerdict>)[] = [];
    let isAllowed = true;
    for (const { key, limit, cost } of demands) {
      const verdict = this.limiter.take(key, limit, cost);
      // Not known yet, or refused.
      if (verdict instanceof Promise || !verdict.allowed) isAllowed = false;
      taken.push(verdict);
    }
    return isAllowed ? undefined : this.settle(demands, taken);
  }

  private async settle(
    demands: readonly Demand[],
    taken: readonly (RateVerdict | Promise<RateVerdict>)[],
  ): Promise<void> {
    const verdicts = await Promise.all(taken.map((verdict) => Promise.resolve(verdict)));
    if (verdicts.every(({ allowed }) => allowed)) return;
    const allowed = demands.filter((_demand, at) => verdicts[at]!.allowed);
    await Promise.all(allowed.map(async ({ key, limit, cost }) => this.limiter.take(key, limit, -cost)));
    throw refusalOf(demands.map((demand, at) => ({ ...demand, verdict: verdicts[at]! })));
  }

  private async takeBody(announced: number, user: string, limit: RateLimit): Promise<number> {
    const cost = Math.min(limit.count, 1 + Math.floor(announced / BYTES_OF_A_CALL));
    const verdict = await this.limiter.take(`calls:${user}`, limit, cost);
    if (verdict.allowed) return cost;
    throw refusalOf([{ policy: 'calls', limit, verdict }]);
  }

  private demandsOf(
    messages: readonly ResolvedMessage[],
    { user, calls }: BudgetHold,
    { length, taken }: ChargedBody,
  ): Demand[] {
    const demands: Demand[] = [];
    const { callLimit: limit } = this.options;
    if (limit !== undefined) {
      const all = calls + Math.floor(length / BYTES_OF_A_CALL);
      // A single call may be as large as any message.
      const cost = Math.max(calls, Math.min(limit.count, all)) - taken;
      if (cost !== 0) demands.push({ policy: 'calls', key: `calls:${user}`, limit, cost });
      const others = messages.length - calls;
      if (others > 0) demands.push(demandOfOthers(user, limit, others));
    }
    for (const { found } of messages) {
      const primitive = found?.target.primitive;
      // A hidden primitive has no limit, as if it did not exist.
      if (primitive?.rateLimit === undefined || found?.verdict === 'hidden') continue;
      const policy = `tool-${primitive.key}`;
      const key = `tool:${primitive.key}:${user}`;
      const known = demands.findIndex((demand) => demand.key === key);
      const cost = 1 + (known === -1 ? 0 : demands.splice(known, 1)[0]!.cost);
      demands.push({ policy, key, limit: primitive.rateLimit, cost });
    }
    return demands;
  }
}

function demandOfOthers(user: string, { count, periodMs }: RateLimit, cost: number): Demand {
  const limit = { count: count * MESSAGES_FOR_A_CALL, periodMs };
  return { policy: 'messages', key: `messages:${user}`, limit, cost };
}

/** Reports the limit with the longest wait: after that no limit refuses the client. */
function refusalOf(limits: readonly ExceededLimit[]): RefusedError {
  const [{ policy, limit, verdict }] = limits
    .filter((demand) => !demand.verdict.allowed)
    .toSorted((a, b) => b.verdict.retryAfterMs - a.verdict.retryAfterMs) as [ExceededLimit];
  const what = policy === 'messages' ? 'messages' : 'calls';
  const message = Number.isFinite(verdict.retryAfterMs)
    ? `Too many ${what}: try again later`
    : `Too many ${what} at once: send ${limit.count} at most`;
  return new RefusedError('rate_limited', message, {
    code: RATE_LIMITED,
    exceeded: { policy, limit, verdict },
  });
}
