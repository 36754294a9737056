import { Inject, Injectable } from '@nestjs/common';
import { type RateLimit, rateLimitHeaders, RateLimiter, type RateVerdict } from '../../backplane/index.js';
import { ToolRegistry } from '../catalog/tool.registry.js';
import { BudgetExceededError, InFlightBudgets } from '../limits/in-flight.budgets.js';
import { MCP_OPTIONS, type McpModuleOptions } from '../mcp.options.js';
import type { JsonRpcMessage, JsonRpcRequest } from '../messages/json-rpc.js';
import type { Peer } from '../sessions/peer.js';
import { type Principal, userKeyOf } from '../sessions/principal.js';
import { rateLimited } from '../sessions/request-refused.js';
import { RefusedCalls } from './refused.calls.js';
import { CALL_KINDS } from '../invocation/operation.js';

const NOTHING_TO_TAKE = Promise.resolve();
const NOTHING_TAKEN = Promise.resolve(0);
const NOTHING_TO_END = (): void => {};
/** A smaller body is read before anything is taken for it: what it is decides which limit that is. */
const SMALL_BYTES = 16_384;
/** So many bytes of a body cost as much as a call. */
const BYTES_OF_A_CALL = 100_000;
/** So many messages that are no calls may be sent for each call. */
const MESSAGES_FOR_A_CALL = 10;

/** The body that messages came in: its size in bytes, and what was taken for it before it was read. */
export interface ChargedBody {
  readonly length: number;
  readonly taken: number;
}

const NO_BODY: ChargedBody = { length: 0, taken: 0 };

/** What some calls take from one limit. */
interface Demand {
  /** The limit's name in the headers. */
  readonly policy: string;
  readonly key: string;
  readonly limit: RateLimit;
  readonly cost: number;
}

interface Refusal extends Demand {
  readonly verdict: RateVerdict;
}

/**
 * Limits the calls of a user: how many in a time (`RATE_LIMIT`, and beside it the `rateLimit` of each tool), where a
 * large body counts as several, and how many at a time (`CALLS_IN_FLIGHT`). Messages that are no calls have a limit of
 * their own, ten times as high, so that a client that has made all its calls may still ping.
 */
@Injectable()
export class CallLimiter {
  constructor(
    private readonly registry: ToolRegistry,
    @Inject(RateLimiter) private readonly limiter: RateLimiter,
    @Inject(MCP_OPTIONS) private readonly options: McpModuleOptions,
    private readonly refusedCalls: RefusedCalls,
    private readonly budgets: InFlightBudgets,
  ) {}

  /**
   * Takes what a body costs before any of it is read, unless it is small. `announced`: its size; undefined where it is
   * not known. Resolves with what was taken; rejects with `RequestRefused` (429).
   */
  admitBody(announced: number | undefined, principal: Principal): Promise<number> {
    const { callLimit } = this.options;
    const isFree = callLimit === undefined || (announced !== undefined && announced <= SMALL_BYTES);
    return isFree ? NOTHING_TAKEN : this.takeBody(announced ?? 0, principal, callLimit);
  }

  /**
   * Counts calls from when they are accepted until the returned function is called. Throws `BudgetExceededError` where
   * the user has as many in flight as one may.
   */
  begin(
    messages: readonly JsonRpcMessage[],
    principal: Principal,
    address?: string,
    peer?: Peer,
  ): () => void {
    const count = messages.length === 1 ? Number(isCall(messages[0]!)) : messages.filter(isCall).length;
    if (count === 0) return NOTHING_TO_END;
    try {
      return this.budgets.beginCalls(userKeyOf(principal), count);
    } catch (error) {
      if (error instanceof BudgetExceededError) {
        this.refusedCalls.record(messages, principal, 'rate_limited', address, peer);
      }
      throw error;
    }
  }

  /**
   * Takes what the messages of one HTTP request cost, before any of them is begun: all of it, or, where one
   * limit is exceeded, nothing of any. Rejects with `RequestRefused` (429) then.
   */
  admit(
    messages: readonly JsonRpcMessage[],
    principal: Principal,
    address?: string,
    body = NO_BODY,
  ): Promise<void> {
    this.refusedCalls.assertRecordable(messages);
    const isFree = this.options.callLimit === undefined && !messages.some((message) => this.limitOf(message));
    return isFree ? NOTHING_TO_TAKE : this.take(messages, principal, address, body);
  }

  private async take(
    messages: readonly JsonRpcMessage[],
    principal: Principal,
    address: string | undefined,
    body: ChargedBody,
  ): Promise<void> {
    const demands = this.demandsOf(messages, principal, body);
    if (demands.length === 0) return;
    const verdicts = await Promise.all(
      demands.map(({ key, limit, cost }) => this.limiter.take(key, limit, cost)),
    );
    if (verdicts.every(({ allowed }) => allowed)) return;
    await this.giveBack(demands.filter((_demand, at) => verdicts[at]!.allowed));
    this.refusedCalls.record(messages, principal, 'rate_limited', address);
    throw refusalOf(
      demands.map((demand, at) => ({ ...demand, verdict: verdicts[at]! })),
      messages,
    );
  }

  private async takeBody(announced: number, principal: Principal, limit: RateLimit): Promise<number> {
    const cost = Math.min(limit.count, 1 + Math.floor(announced / BYTES_OF_A_CALL));
    const verdict = await this.limiter.take(callsOf(principal), limit, cost);
    if (verdict.allowed) return cost;
    throw refusalOf([{ policy: 'calls', key: callsOf(principal), limit, cost, verdict }], []);
  }

  private demandsOf(
    messages: readonly JsonRpcMessage[],
    principal: Principal,
    { length, taken }: ChargedBody,
  ): Demand[] {
    const calls = messages.filter(isCall);
    const demands: Demand[] = [];
    const { callLimit: limit } = this.options;
    if (limit !== undefined) {
      const all = calls.length + Math.floor(length / BYTES_OF_A_CALL);
      // One call may be as large as a message may.
      const cost = Math.max(calls.length, Math.min(limit.count, all)) - taken;
      if (cost !== 0) demands.push({ policy: 'calls', key: callsOf(principal), limit, cost });
      const others = messages.length - calls.length;
      if (others > 0) demands.push(demandOfOthers(principal, limit, others));
    }
    for (const [name, { length: cost }] of Map.groupBy(calls, toolNameOf)) {
      const tool = name === undefined ? undefined : this.registry.list.get(name);
      // A tool that is none of this caller's has no limit either: it does not exist.
      if (tool?.rateLimit === undefined || tool.access.verdict(principal.scopes) === 'hidden') continue;
      const limit = tool.rateLimit;
      demands.push({ policy: `tool-${name}`, key: `tool:${name}:${userKeyOf(principal)}`, limit, cost });
    }
    return demands;
  }

  private limitOf(message: JsonRpcMessage): RateLimit | undefined {
    const name = isCall(message) ? toolNameOf(message) : undefined;
    return name === undefined ? undefined : this.registry.list.get(name)?.rateLimit;
  }

  private async giveBack(demands: readonly Demand[]): Promise<void> {
    await Promise.all(demands.map(({ key, limit, cost }) => this.limiter.take(key, limit, -cost)));
  }
}

function callsOf(principal: Principal): string {
  return `calls:${userKeyOf(principal)}`;
}

function demandOfOthers(principal: Principal, { count, periodMs }: RateLimit, cost: number): Demand {
  const limit = { count: count * MESSAGES_FOR_A_CALL, periodMs };
  return { policy: 'messages', key: `messages:${userKeyOf(principal)}`, limit, cost };
}

function isCall(message: JsonRpcMessage): message is JsonRpcRequest {
  return message.kind === 'request' && CALL_KINDS.has(message.method);
}

function toolNameOf({ method, params }: JsonRpcRequest): string | undefined {
  const { name } = params;
  return method === 'tools/call' && typeof name === 'string' ? name : undefined;
}

/** Told by the limit that takes longest: whoever comes back then is refused by none. */
function refusalOf(demands: readonly Refusal[], messages: readonly JsonRpcMessage[]): Error {
  const [{ policy, limit, verdict }] = demands
    .filter((demand) => !demand.verdict.allowed)
    .toSorted((a, b) => b.verdict.retryAfterMs - a.verdict.retryAfterMs) as [Refusal];
  const what = policy === 'messages' ? 'messages' : 'calls';
  const message = Number.isFinite(verdict.retryAfterMs)
    ? `Too many ${what}: try again later`
    : `Too many ${what} at once: send ${limit.count} at most`;
  const [first] = messages;
  const id = messages.length === 1 && first?.kind === 'request' ? first.id : null;
  return rateLimited(message, id, rateLimitHeaders(policy, limit, verdict));
}
