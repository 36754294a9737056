import type { McpModuleOptions } from '../mcp.options.js';
import type { JsonRpcRequest } from '../messages/json-rpc.js';
import type { AskingCall, InputRequest } from './client.input.js';
import { InputRequiredError } from './input-required.error.js';
import { MultiRoundTripInput } from './multi-round-trip.input.js';
import { digestOfRequest } from './request-digest.js';
import { RequestStateCodec } from './request-state.codec.js';
import type { StateKey } from './state.key.js';
import { ToolError } from '../decorators/tool.error.js';

const seal = new RequestStateCodec(
  { inputTimeoutMs: 60_000 } as McpModuleOptions,
  { get: () => new Uint8Array(32) } as unknown as StateKey,
);
const call = {
  user: { key: 'alice' },
  session: { clientCapabilities: { elicitation: {}, roots: {} } },
} as unknown as AskingCall;

interface Required {
  readonly inputRequests: Record<string, { params: { message?: string } }>;
  readonly requestState: string;
}

const requestOf = (method: string, params: object = {}): JsonRpcRequest => ({
  kind: 'request',
  id: 1,
  method,
  params: { name: 'x', ...params },
});
const ask = (message: string, key?: string): InputRequest => ({
  method: 'elicitation/create',
  params: { message },
  key,
});
const accept = (value: number) => ({ action: 'accept', content: { value } });

/** One round: the input after `handler` was interrupted or has ended, and the result that requests input. */
async function round(
  params: object,
  handler: (input: MultiRoundTripInput) => Promise<unknown>,
  method = 'tools/call',
): Promise<{ value: unknown; required: Required | undefined }> {
  const input = new MultiRoundTripInput(call, requestOf(method, params), seal);
  await input.resume();
  const value: unknown = await handler(input).catch((error: unknown) => error);
  return { value, required: (await input.required()) as Required | undefined };
}

/** A handler that sends requests one after the other and returns the answers. */
function inTurn(...questions: InputRequest[]): (input: MultiRoundTripInput) => Promise<unknown[]> {
  return async (input) => {
    const answers: unknown[] = [];
    for (const question of questions) answers.push(await input.ask(question));
    return answers;
  };
}

const expiryOf = async (requestState: string): Promise<number> =>
  (
    await seal.decode(requestState, {
      principal: 'alice',
      request: digestOfRequest(requestOf('tools/call')),
    })
  ).expiresAt;

describe('MultiRoundTripInput', () => {
  it.each(['tools/call', 'prompts/get', 'resources/read'])(
    'interrupts the handler of %s, and has the answer in the next round',
    async (method) => {
      const { value, required } = await round({}, (input) => input.ask(ask('Who?')), method);
      expect(value).toBeInstanceOf(InputRequiredError);
      expect(required).toEqual({
        resultType: 'input_required',
        inputRequests: { 'elicitation-1': { method: 'elicitation/create', params: { message: 'Who?' } } },
        requestState: expect.any(String),
      });
      const answers = {
        requestState: required!.requestState,
        inputResponses: { 'elicitation-1': accept(1) },
      };
      expect(await round(answers, (input) => input.ask(ask('Who?')), method)).toEqual({
        value: accept(1),
        required: undefined,
      });
    },
  );

  it('refuses requests whose method cannot be answered with input requests', async () => {
    const { value, required } = await round({}, (input) => input.ask(ask('Who?')), 'completion/complete');
    expect(value).toBeInstanceOf(ToolError);
    expect(required).toBeUndefined();
  });

  it('numbers the input requests of each kind, answered or not', async () => {
    const roots: InputRequest = { method: 'roots/list', params: {}, key: undefined };
    const questions = [ask('One?'), roots, ask('Two?'), ask('Named?', 'name')];
    const first = await round({ inputResponses: { 'elicitation-1': accept(1) } }, (input) =>
      Promise.all(questions.map((question) => input.ask(question))),
    );
    expect(Object.keys(first.required!.inputRequests)).toEqual(['roots-1', 'elicitation-2', 'name']);
  });

  it('sends one input request per key and round, and keeps each answer', async () => {
    const handler = inTurn(ask('First?', 'same'), ask('Second?', 'same'), ask('First?', 'same'));
    const first = await round({}, handler);
    const second = await round(
      { requestState: first.required!.requestState, inputResponses: { same: accept(1) } },
      handler,
    );
    expect(second.required!.inputRequests['same']!.params.message).toBe('Second?');
    const third = await round(
      { requestState: second.required!.requestState, inputResponses: { same: accept(2) } },
      handler,
    );
    expect(third.value).toEqual([accept(1), accept(2), accept(1)]);
  });

  it('uses an answer without a state once', async () => {
    const handler = inTurn(ask('Delete a?', 'sure'), ask('Delete b?', 'sure'));
    const { required } = await round({ inputResponses: { sure: accept(1) } }, handler);
    expect(required!.inputRequests['sure']!.params.message).toBe('Delete b?');
  });

  it('requests no input where the handler failed first', async () => {
    const failure = new ToolError('no such order');
    const handler = (input: MultiRoundTripInput) =>
      Promise.all([input.ask(ask('Who?')), Promise.reject<unknown>(failure)]);
    expect(await round({}, handler)).toEqual({ value: failure, required: undefined });
  });

  it('sends no request and runs no step after the interruption', async () => {
    let runs = 0;
    const handler = async (input: MultiRoundTripInput) => {
      await input.ask(ask('Who?')).catch(() => undefined);
      await input.ask(ask('Else?')).catch(() => undefined);
      await input.once('step', () => (runs += 1)).catch(() => undefined);
    };
    const { required } = await round({}, handler);
    expect(Object.values(required!.inputRequests).map(({ params }) => params.message)).toEqual(['Who?']);
    expect(runs).toBe(0);
  });

  it('extends the lifetime of a state only with new answers', async () => {
    const old = Math.ceil(Date.now() / 1000) + 5;
    const asked = { 'elicitation-1': ['?', 'elicitation/create'] } as const;
    const requestState = await seal.encode(
      { answers: {}, asked, steps: {} },
      { principal: 'alice', request: digestOfRequest(requestOf('tools/call')) },
      old,
    );
    const handler = inTurn(ask('One?'), ask('Two?'));
    for (const inputResponses of [{}, { 'elicitation-1': 1 }, { other: accept(1) }]) {
      const { required } = await round({ requestState, inputResponses }, handler);
      expect(await expiryOf(required!.requestState)).toBe(old);
    }
    const { required } = await round(
      { requestState, inputResponses: { 'elicitation-1': accept(1) } },
      handler,
    );
    expect(await expiryOf(required!.requestState)).toBeGreaterThan(old);
  });
});
