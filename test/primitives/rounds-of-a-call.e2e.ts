import { ASKING, MARKET, resetWorld, WORLD } from '../support/asking.tools.js';
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

beforeEach(() => {
  resetWorld();
  MARKET.cents = 10;
});

afterAll(() => app.close());

const ACCEPT = { action: 'accept', content: {} };
const NAMED = { action: 'accept', content: { name: 'Alice' } };
const bolt = { arguments: { item: 'bolt' } };

function expectRefused(reply: StatelessReply, about: string): void {
  expect(reply.error).toEqual({ code: -32602, message: expect.stringContaining(about) });
  expectNoInsides(reply);
}

describe('a request that waits for its client', () => {
  it('gets the questions as its result, and runs to its end with the answers', async () => {
    const first = await alice.askedBy('greet');
    expect(first).toEqual({
      resultType: 'input_required',
      inputRequests: {
        person: {
          method: 'elicitation/create',
          params: { mode: 'form', message: 'What is your name?', requestedSchema: expect.any(Object) },
        },
      },
      requestState: expect.any(String),
      _meta: expect.any(Object),
    });
    const { requestState } = first;
    const done = await alice.callTool('greet', { requestState, inputResponses: { person: NAMED } });
    expect(textIn(done)).toBe('Hello, Alice!');
  });

  it('asks all of a turn at once, and again only for what is missing', async () => {
    const first = await alice.askedBy('all-at-once');
    expect(Object.keys(first.inputRequests).toSorted()).toEqual(['folders', 'sampling-1', 'who']);
    const second = await alice.askedBy('all-at-once', {
      requestState: first.requestState,
      inputResponses: { who: NAMED, folders: { roots: [] } },
    });
    expect(Object.keys(second.inputRequests)).toEqual(['sampling-1']);
    const paris = { role: 'assistant', content: { type: 'text', text: 'Hi' }, model: 'm' };
    const done = await alice.callTool('all-at-once', {
      requestState: second.requestState,
      inputResponses: { 'sampling-1': paris },
    });
    expect(textIn(done)).toBe('Alice {"type":"text","text":"Hi"} ');
  });

  it('keeps earlier answers and steps in the state alone, and gives each round another', async () => {
    const first = await alice.askedBy('order', bolt);
    const second = await alice.askedBy('order', {
      ...bolt,
      requestState: first.requestState,
      inputResponses: { 'elicitation-1': ACCEPT },
    });
    expect(second.requestState).not.toBe(first.requestState);
    expect(WORLD).toMatchObject({ runs: 2, cleaned: 2, reserved: 1, charged: 1 });
    const done = await alice.callTool('order', {
      ...bolt,
      requestState: second.requestState,
      inputResponses: { 'elicitation-2': { action: 'accept', content: { note: 'quick' } } },
    });
    expect(textIn(done)).toBe('bolt-1 bolt-1 100 quick');
    expect(WORLD).toMatchObject({ runs: 3, cleaned: 3, reserved: 1, charged: 1 });
  });

  it('takes answers without a state, and passes over what it did not ask for', async () => {
    const inputResponses = { person: NAMED, more: { action: 'accept' }, ['__proto__']: ACCEPT };
    expect(textIn(await alice.callTool('greet', { inputResponses }))).toBe('Hello, Alice!');
    const { inputRequests } = await alice.askedBy('greet', { inputResponses: { wrong: NAMED } });
    expect(Object.keys(inputRequests)).toEqual(['person']);
  });

  it.each([12345, null, 'yes', [], {}, { action: 'maybe' }, { roots: [] }, { action: 'accept', content: 1 }])(
    'asks again where the answer is none: %j',
    async (person) => {
      const { requestState } = await alice.askedBy('greet', { inputResponses: { person } });
      const again = await alice.askedBy('greet', { requestState, inputResponses: { person } });
      expect(Object.keys(again.inputRequests)).toEqual(['person']);
    },
  );

  it.each(['text', 7, [NAMED]])('refuses inputResponses that are no map: %j', async (inputResponses) => {
    expectRefused(await alice.callTool('greet', { inputResponses }), 'inputResponses');
  });

  it.each([null, []])('asks where inputResponses are none: %j', async (inputResponses) => {
    const { inputRequests } = await alice.askedBy('greet', { inputResponses });
    expect(Object.keys(inputRequests)).toEqual(['person']);
  });

  it('does not wait for a question that the tool does not wait for', async () => {
    expect(textIn(await alice.callTool('never-mind'))).toBe('done');
  });

  it('stops what the tool left behind, and does nothing more for a tool that caught the error', async () => {
    const { inputRequests } = await alice.askedBy('stubborn');
    expect(Object.keys(inputRequests)).toEqual(['elicitation-1']);
    expect(WORLD).toMatchObject({ aborted: 1, refunded: 0 });
  });

  it('asks anew when the question has become another one', async () => {
    const args = { arguments: { cents: 10 } };
    const { requestState } = await alice.askedBy('buy', args);
    MARKET.cents = 1000;
    const inputResponses = { confirm: ACCEPT };
    const again = await alice.askedBy('buy', { ...args, requestState, inputResponses });
    expect(again.inputRequests['confirm']!.params['message']).toBe('Buy for 1000?');
    const done = await alice.callTool('buy', { ...args, requestState: again.requestState, inputResponses });
    expect(textIn(done)).toBe('accept 1000');
  });

  it('is told which capability it lacks, before anything is sent', async () => {
    const cannot = new StatelessClient(app.url, await signToken(), { elicitation: { url: {} } });
    const sampling = await cannot.callTool('ask-model');
    expect(sampling.status).toBe(400);
    expect(sampling.error).toMatchObject({ code: -32021, data: { requiredCapabilities: { sampling: {} } } });
    expect((await cannot.callTool('greet')).error).toMatchObject({
      code: -32021,
      data: { requiredCapabilities: { elicitation: { form: {} } } },
    });
    const forms = new StatelessClient(app.url, await signToken(), { elicitation: {} });
    expect((await forms.callTool('visit')).error).toMatchObject({
      code: -32021,
      data: { requiredCapabilities: { elicitation: { url: {} } } },
    });
    // One question that cannot be asked: the others are not either.
    expect((await forms.callTool('all-at-once')).error).toMatchObject({ code: -32021 });
  });
});
