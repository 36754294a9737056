import { ModulesContainer } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { BackplaneModule, type RateLimit, rateLimitHeaders, RateLimiter } from '../../backplane/index.js';
import { ChangeFeed } from '../catalog/change.feed.js';
import { ToolRegistry } from '../catalog/tool.registry.js';
import { type BudgetHold, InFlightBudgets } from '../limits/in-flight.budgets.js';
import type { McpModuleOptions } from '../mcp.options.js';
import type { JsonRpcMessage, Params } from '../messages/json-rpc.js';
import { readMessage } from '../messages/incoming-messages.js';
import { type Principal, principalOf } from '../authorization/principal.js';
import type { CallLog } from '../invocation/call.log.js';
import type { CallKind } from '../invocation/operation.js';
import { RefusedError } from '../messages/refused.error.js';
import { MessageDispatcher } from '../protocol/message.dispatcher.js';
import type { RequestHandler } from '../protocol/request-handler.js';
import { CallLimiter, type ChargedBody } from './call.limiter.js';
import { HandlerFactory } from '../enhancers/handler.factory.js';

/** Does not refill while a test runs. */
const FIVE = { count: 5, periodMs: 86_400_000 };
const user = (subject: string, ...scopes: string[]): Principal =>
  principalOf({ issuer: 'i', subject, clientId: '', scopes } as unknown as Principal);
const [alice, bob] = [user('alice', 'mcp:access'), user('bob', 'mcp:access', 'vault')];

class SomeTool {
  readonly execute = (): string => '';
}

const KINDS: Readonly<Record<string, CallKind>> = {
  'tools/call': 'tool',
  'resources/read': 'resource',
  'prompts/get': 'prompt',
  'completion/complete': 'completion',
};

interface Limiter {
  readonly limiter: CallLimiter;
  readonly begin: (principal: Principal, ...messages: JsonRpcMessage[]) => BudgetHold;
  readonly take: (principal: Principal, messages: JsonRpcMessage[], body?: ChargedBody) => Promise<void>;
}

async function make(callLimit: RateLimit | undefined, callsInFlight = 1_000_000): Promise<Limiter> {
  const options = { callLimit, callsInFlight, bytesInFlight: 1, pageSize: 10 } as McpModuleOptions;
  const factory = new HandlerFactory({ modules: new ModulesContainer() });
  const registry = new ToolRegistry(factory, new ChangeFeed(), options);
  const tools = [
    { name: 'free' },
    { name: 'dear', rateLimit: '2/1d' },
    { name: 'dearer', rateLimit: '1/1d' },
    { name: 'hidden', rateLimit: '1/1d', scopes: ['vault'] },
  ];
  for (const tool of tools) registry.add({ description: 'Any.', ...tool }, new SomeTool());
  const module = await Test.createTestingModule({ imports: [BackplaneModule.forRoot()] }).compile();
  const handlers = Object.entries(KINDS).map(([method, kind]): RequestHandler => {
    const find = ({ name }: Params) => {
      const primitive = kind === 'tool' ? registry.list.byKey.get(String(name)) : undefined;
      return primitive && { primitive };
    };
    return { method, era: 'all', kind, find, answer: () => '' };
  });
  const dispatcher = new MessageDispatcher([{ handlers }], {} as CallLog, undefined as never);
  const budgets = new InFlightBudgets(options);
  const limiter = new CallLimiter(module.get<RateLimiter>(RateLimiter), options);
  const begin: Limiter['begin'] = ({ scopes, userKey }, ...messages) => {
    const hold = budgets.hold(userKey, 0);
    limiter.begin(dispatcher.resolve(messages, scopes), hold);
    return hold;
  };
  const take: Limiter['take'] = async (principal, messages, body) =>
    limiter.take(dispatcher.resolve(messages, principal.scopes), begin(principal, ...messages), body);
  return { limiter, begin, take };
}

let serial = 0;
const request = (method: string, params = {}) =>
  readMessage({ jsonrpc: '2.0', id: (serial += 1), method, params });
const call = (name: unknown) => request('tools/call', { name });

async function admit({ take }: Limiter, principal: Principal, ...messages: JsonRpcMessage[]) {
  try {
    await take(principal, messages);
    return 'admitted';
  } catch (error) {
    return error as RefusedError;
  }
}

/** The rate limit headers for an HTTP client. */
function headersOf(refused: unknown): Readonly<Record<string, string>> {
  const { policy, limit, verdict } = (refused as RefusedError).exceeded!;
  return rateLimitHeaders(policy, limit, verdict);
}

/** How many of `count` sequential calls of a tool are admitted. */
async function admitted(limiter: Limiter, principal: Principal, name: string, count = 20) {
  let total = 0;
  for (let at = 0; at < count; at += 1) {
    if ((await admit(limiter, principal, call(name))) === 'admitted') total += 1;
  }
  return total;
}

/** Asserts the wait in both headers. */
function expectWait(refused: unknown, atMost: number, header: (seconds: number) => string): void {
  const headers = headersOf(refused);
  const seconds = Number(headers['Retry-After']);
  expect(seconds).toBeLessThanOrEqual(atMost);
  expect(seconds).toBeGreaterThan(atMost - 60);
  expect(headers['RateLimit']).toBe(header(seconds));
}

describe('CallLimiter', () => {
  it('admits as many calls of a principal as its limit allows', async () => {
    const limiter = await make(FIVE);
    const methods = Object.keys(KINDS);
    for (const method of methods) expect(await admit(limiter, alice, request(method))).toBe('admitted');
    expect(await admitted(limiter, alice, 'no-such-tool')).toBe(1);
    expect(await admitted(limiter, bob, 'free')).toBe(5);
  });

  it('refuses with the limit and the time to retry', async () => {
    const limiter = await make(FIVE);
    await admitted(limiter, alice, 'free');
    const refused = await admit(limiter, alice, call('free'));
    expect(refused).toBeInstanceOf(RefusedError);
    expect(refused).toMatchObject({ reason: 'rate_limited', code: 429 });
    expect(headersOf(refused)).toMatchObject({ 'RateLimit-Policy': '"calls";q=5;w=86400' });
    expectWait(refused, 86_400 / 5, (seconds) => `"calls";r=0;t=${seconds}`);
  });

  it('counts nothing else among the calls', async () => {
    const limiter = await make({ count: 1, periodMs: 86_400_000 });
    const free = [
      ...['initialize', 'ping', 'tools/list', 'resources/list', 'prompts/list', 'logging/setLevel'].map(
        (method) => request(method),
      ),
      readMessage({ jsonrpc: '2.0', method: 'tools/call' }),
      readMessage({ jsonrpc: '2.0', id: 1, result: {} }),
    ];
    expect(await admit(limiter, alice, ...free)).toBe('admitted');
    expect(await admitted(limiter, alice, 'free')).toBe(1);
    // Ten for each call, in a separate limit.
    expect(await admit(limiter, alice, request('ping'))).toBe('admitted');
    expect(await admit(limiter, alice, request('ping'))).toBe('admitted');
    const refused = await admit(limiter, alice, request('ping'));
    expect(refused).toMatchObject({ message: 'Too many messages: try again later' });
    expect(headersOf(refused)).toMatchObject({ 'RateLimit-Policy': '"messages";q=10;w=86400' });
  });

  it('charges a large body before it is read, and the rest once its content is known', async () => {
    const made = await make({ count: 10, periodMs: 86_400_000 });
    const { begin, limiter, take } = made;
    const left = async (): Promise<number> => {
      const total = await admitted(made, alice, 'free');
      await take(alice, [], { length: 0, taken: total });
      return total;
    };
    expect([await limiter.chargeBody(16_384, begin(alice)), await left()]).toEqual([0, 10]);
    const taken = await limiter.chargeBody(350_000, begin(alice));
    expect([taken, await left()]).toEqual([4, 6]);
    await take(alice, [call('free')], { length: 350_000, taken });
    expect(await left()).toBe(6);
    // Chunked: its size is not known in advance.
    expect([await limiter.chargeBody(undefined, begin(alice)), await left()]).toEqual([1, 5]);
    await take(alice, [call('free')], { length: 200_000, taken: 1 });
    expect(await left()).toBe(3);
    await expect(limiter.chargeBody(300_000, begin(alice))).rejects.toMatchObject({
      reason: 'rate_limited',
      id: null,
    });
    // The message is not a call.
    await take(alice, [request('ping')], {
      length: 20_000,
      taken: await limiter.chargeBody(20_000, begin(alice)),
    });
    expect(await left()).toBe(3);
    // A single call may be as large as any message.
    expect(await limiter.chargeBody(4_000_000, begin(bob))).toBe(10);
  });

  it('bounds the calls in flight', async () => {
    const { begin } = await make(undefined, 2);
    const two = begin(alice, call('free'), request('ping'), call('free'));
    begin(alice, request('ping'));
    expect(() => begin(alice, call('free'))).toThrow('too many calls in flight');
    begin(bob, call('free'));
    two.endCalls();
    begin(alice, call('free'));
  });

  it('admits a whole batch or none of it', async () => {
    const limiter = await make(FIVE);
    expect(await admit(limiter, alice, call('free'), request('ping'), call('free'))).toBe('admitted');
    const four = [call('free'), call('free'), call('free'), call('free')];
    const refused = await admit(limiter, alice, ...four);
    expectWait(refused, 86_400 / 5, (seconds) => `"calls";r=3;t=${seconds}`);
    expect(await admit(limiter, alice, ...four.slice(1))).toBe('admitted');
  });

  it('gives no retry time for a batch that never fits', async () => {
    const limiter = await make(FIVE);
    const refused = await admit(limiter, alice, ...Array.from({ length: 6 }, () => call('free')));
    expect(headersOf(refused)).toEqual({
      'RateLimit-Policy': '"calls";q=5;w=86400',
      RateLimit: '"calls";r=5;t=1',
    });
    expect((refused as RefusedError).message).toBe('Too many calls at once: send 5 at most');
  });

  it('applies the limit of a tool, per principal, also without another limit', async () => {
    for (const limiter of [await make(undefined), await make({ count: 1_000, periodMs: 1_000 })]) {
      expect(await admitted(limiter, alice, 'dear')).toBe(2);
      expect(await admitted(limiter, alice, 'dearer')).toBe(1);
      expect(await admitted(limiter, alice, 'free')).toBe(20);
      expect(await admitted(limiter, bob, 'dear')).toBe(2);
      expect(headersOf(await admit(limiter, bob, call('dear')))).toMatchObject({
        'RateLimit-Policy': '"tool-dear";q=2;w=86400',
      });
    }
  });

  it('charges no limit for what another refuses', async () => {
    const limiter = await make(FIVE);
    expect(await admitted(limiter, alice, 'dear', 1_000)).toBe(2);
    expect(await admitted(limiter, alice, 'free')).toBe(3);
    // Conversely: the general limit refuses, and the tool's is unused.
    expect(await admitted(limiter, bob, 'free')).toBe(5);
    const generous = await make({ count: 6, periodMs: 86_400_000 });
    const batch = [call('dear'), call('free'), call('free'), call('free'), call('free'), call('free')];
    expect(await admit(generous, bob, ...batch, call('free'))).toMatchObject({ reason: 'rate_limited' });
    expect(await admit(generous, bob, ...batch)).toBe('admitted');
  });

  it('reports the limit with the longest wait', async () => {
    const limiter = await make({ count: 3, periodMs: 86_400_000 });
    expect(await admit(limiter, alice, call('dear'), call('dear'), call('dearer'))).toBe('admitted');
    const refused = await admit(limiter, alice, call('dear'), call('dearer'));
    expect(headersOf(refused)).toMatchObject({ 'RateLimit-Policy': '"tool-dearer";q=1;w=86400' });
    expectWait(refused, 86_400, (seconds) => `"tool-dearer";r=0;t=${seconds}`);
  });

  it('treats a hidden tool as a missing one', async () => {
    const limiter = await make(undefined);
    expect(await admitted(limiter, alice, 'hidden')).toBe(20);
    expect(await admitted(limiter, bob, 'hidden')).toBe(1);
    for (const name of [undefined, 7, '__proto__', 'DEARER', 'dearer ']) {
      for (let at = 0; at < 3; at += 1) expect(await admit(limiter, alice, call(name))).toBe('admitted');
    }
  });
});
