import { MCP_OPTIONS, type McpModuleOptions } from '../../src/mcp/mcp.options.js';
import { ASKING, resetWorld, WORLD } from '../support/asking.tools.js';
import { expectNoInsides } from '../support/envelopes.js';
import { StatelessClient, type StatelessReply, textIn } from '../support/eras/index.js';
import { startApp, type TestApp } from '../support/test-app.js';
import { signToken } from '../support/tokens.js';

let app: TestApp;
let alice: StatelessClient;

beforeAll(async () => {
  app = await startApp({}, ASKING);
  alice = StatelessClient.askable(app.url, await signToken());
});

beforeEach(resetWorld);

afterAll(() => app.close());

const ACCEPT = { action: 'accept', content: {} };
const NAMED = { action: 'accept', content: { name: 'Alice' } };
const bolt = { arguments: { item: 'bolt' } };
const options = (): { -readonly [K in keyof McpModuleOptions]: McpModuleOptions[K] } =>
  app.app.get(MCP_OPTIONS, { strict: false });

function expectRefused(reply: StatelessReply, about: string): void {
  expect(reply.error).toEqual({ code: -32602, message: expect.stringContaining(about) });
  expect(WORLD.runs).toBe(0);
  expectNoInsides(reply);
}

describe('requestState', () => {
  const inputResponses = { 'elicitation-1': ACCEPT };
  let requestState: string;

  beforeEach(async () => {
    ({ requestState } = await alice.askedBy('order', bolt));
    Object.assign(WORLD, { runs: 0 });
  });

  it('tells its client nothing', () => {
    const readable = requestState
      .split('.')
      .map((part) => Buffer.from(part, 'base64url').toString('latin1'))
      .join('');
    expect(readable).not.toMatch(/bolt|alice|e2e|reserve|elicitation/);
  });

  it('is worth nothing to another principal: not by subject, not by client', async () => {
    for (const claims of [{ sub: 'mallory' }, { clientId: 'other' }]) {
      const other = StatelessClient.askable(app.url, await signToken(claims));
      expectRefused(await other.callTool('order', { ...bolt, requestState, inputResponses }), 'requestState');
    }
  });

  it('is worth nothing to another tool, or with other arguments', async () => {
    for (const [name, args] of [
      ['stubborn', { item: 'bolt' }],
      ['order', { item: 'nut' }],
      ['order', { item: 'bolt', more: 1 }],
      ['order', undefined],
    ] as const) {
      const reply = await alice.callTool(name, { arguments: args, requestState, inputResponses });
      expectRefused(reply, 'requestState');
    }
  });

  it('is refused when any character of it is another, or missing, or one too many', async () => {
    const at = [0, 1, requestState.length - 1, requestState.length - 2, requestState.indexOf('..') + 3];
    for (let index = 5; index < requestState.length; index += 37) at.push(index);
    const changed = at.map((index) => {
      const other = requestState[index] === 'A' ? 'B' : 'A';
      return requestState.slice(0, index) + other + requestState.slice(index + 1);
    });
    // The last character has bits that no byte takes.
    const ending = 'BCDEFGHIJKLMNOP'.split('').map((end) => requestState.slice(0, -1) + end);
    const [header, key, iv, text, tag] = requestState.split('.') as [string, string, string, string, string];
    const forged = [
      `${requestState}-TAMPERED`,
      `${requestState}=`,
      `${requestState} `,
      `${requestState}\n`,
      ` ${requestState}`,
      `${requestState}.`,
      requestState.slice(0, -1),
      requestState.slice(0, -4),
      [header, key, iv, `${text}${tag.slice(0, 4)}`, tag.slice(4)].join('.'),
      [header, key, iv, text.slice(0, -4), `${text.slice(-4)}${tag}`].join('.'),
      [header, 'AAAA', iv, text, tag].join('.'),
      [header, key, iv, text, ''].join('.'),
      [Buffer.from('{"alg":"none"}').toString('base64url'), key, iv, text, tag].join('.'),
      requestState.replaceAll('-', '+').replaceAll('_', '/'),
    ];
    for (const state of [...changed, ...ending, ...forged]) {
      if (state === requestState) continue;
      expectRefused(
        await alice.callTool('order', { ...bolt, requestState: state, inputResponses }),
        'requestState',
      );
    }
  });

  it.each([7, {}, [], '', '.', '....'])('is refused: %j', async (state) => {
    expectRefused(await alice.callTool('order', { ...bolt, requestState: state }), 'requestState');
  });

  it('is refused where it is larger than any that there is', async () => {
    const large = requestState + 'x'.repeat(70_000);
    expectRefused(await alice.callTool('order', { ...bolt, requestState: large }), 'requestState');
  });

  it('is refused by a server with another secret', async () => {
    const other = await startApp({ JWT_SECRET: 'another-secret-for-tests-only-0123456789' }, ASKING);
    const token = await other.token();
    const mine = await StatelessClient.askable(other.url, token).askedBy('order', bolt);
    WORLD.runs = 0;
    expectRefused(
      await alice.callTool('order', { ...bolt, requestState: mine.requestState }),
      'requestState',
    );
    await other.close();
  });

  it('is refused after its time', async () => {
    const { inputTimeoutMs } = options();
    options().inputTimeoutMs = -1_000;
    const late = await alice
      .askedBy('order', bolt)
      .finally(() => (options().inputTimeoutMs = inputTimeoutMs));
    WORLD.runs = 0;
    expectRefused(
      await alice.callTool('order', { ...bolt, requestState: late.requestState, inputResponses }),
      'expired',
    );
  });
});

describe('requestState, further', () => {
  it('comes from any node that has the secret', async () => {
    const other = await startApp({}, ASKING);
    const { requestState } = await StatelessClient.askable(other.url, await signToken()).askedBy('greet');
    const done = await alice.callTool('greet', { requestState, inputResponses: { person: NAMED } });
    expect(textIn(done)).toBe('Hello, Alice!');
    await other.close();
  });

  it('may be sent twice within its time: steps that it holds are not run again', async () => {
    const { requestState } = await alice.askedBy('order', bolt);
    const retry = { ...bolt, requestState, inputResponses: { 'elicitation-1': { action: 'decline' } } };
    for (const reply of [await alice.callTool('order', retry), await alice.callTool('order', retry)]) {
      expect(textIn(reply)).toBe('not ordered: decline');
    }
    expect(WORLD.reserved).toBe(1);
  });

  it('holds 64 KiB; more ends the call with a word to the model', async () => {
    const { requestState } = await alice.askedBy('hoard', { arguments: { kib: 40 } });
    const done = await alice.callTool('hoard', {
      arguments: { kib: 40 },
      requestState,
      inputResponses: { 'elicitation-1': ACCEPT },
    });
    expect(textIn(done)).toBe('accept');
    const tooMuch = await alice.callTool('hoard', { arguments: { kib: 60 } });
    expect(tooMuch.result).toMatchObject({ resultType: 'complete', isError: true });
    expect(textIn(tooMuch)).toContain('64 KiB');
  });

  it('is nothing to lists', async () => {
    const reply = await alice.answerTo('tools/list', { requestState: 'x', inputResponses: null });
    expect(reply.result).toMatchObject({ resultType: 'complete' });
  });
});
