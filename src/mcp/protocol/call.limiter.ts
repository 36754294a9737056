import { Inject, Injectable } from '@nestjs/common';
import { type RateLimit, rateLimitHeaders, RateLimiter, type RateVerdict } from '../../backplane/index.js';
import { ToolRegistry } from '../catalog/tool.registry.js';
import { MCP_OPTIONS, type McpModuleOptions } from '../mcp.options.js';
import type { JsonRpcMessage, JsonRpcRequest } from '../messages/json-rpc.js';
import type { Principal } from '../sessions/principal.js';
import { rateLimited } from '../sessions/request-refused.js';
import { RefusedCalls } from './refused.calls.js';
import { CALL_KINDS } from '../invocation/operation.js';

const NOTHING_TO_TAKE = Promise.resolve();

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

/** Limits the calls of a principal: `RATE_LIMIT`, and beside it the `rateLimit` of each tool. */
@Injectable()
export class CallLimiter {
  constructor(
    private readonly registry: ToolRegistry,
    @Inject(RateLimiter) private readonly limiter: RateLimiter,
    @Inject(MCP_OPTIONS) private readonly options: McpModuleOptions,
    private readonly refusedCalls: RefusedCalls,
  ) {}

  /**
   * Takes what the messages of one HTTP request cost, before any of them is begun: all of it, or, where one
   * limit is exceeded, nothing of any. Rejects with `RequestRefused` (429) then.
   */
  admit(messages: readonly JsonRpcMessage[], principal: Principal, address?: string): Promise<void> {
    this.refusedCalls.assertRecordable(messages);
    const isFree = this.options.callLimit === undefined && !messages.some((message) => this.limitOf(message));
    return isFree ? NOTHING_TO_TAKE : this.take(messages, principal, address);
  }

  private async take(
    messages: readonly JsonRpcMessage[],
    principal: Principal,
    address: string | undefined,
  ): Promise<void> {
    const demands = this.demandsOf(messages.filter(isCall), principal);
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

  private demandsOf(calls: readonly JsonRpcRequest[], principal: Principal): Demand[] {
    const demands: Demand[] = [];
    const { callLimit: limit } = this.options;
    if (limit !== undefined && calls.length > 0) {
      demands.push({ policy: 'calls', key: `calls:${principal.key}`, limit, cost: calls.length });
    }
    for (const [name, { length: cost }] of Map.groupBy(calls, toolNameOf)) {
      const tool = name === undefined ? undefined : this.registry.list.get(name);
      // A tool that is none of this caller's has no limit either: it does not exist.
      if (tool?.rateLimit === undefined || tool.access.verdict(principal.scopes) === 'hidden') continue;
      const limit = tool.rateLimit;
      demands.push({ policy: `tool-${name}`, key: `tool:${name}:${principal.key}`, limit, cost });
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

/** The rest of the protocol is cheap, and a client that may not ping is soon a lost one. */
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
  const message = Number.isFinite(verdict.retryAfterMs)
    ? 'Too many calls: try again later'
    : `Too many calls at once: send ${limit.count} at most`;
  const [first] = messages;
  const id = messages.length === 1 && first?.kind === 'request' ? first.id : null;
  return rateLimited(message, id, rateLimitHeaders(policy, limit, verdict));
}
