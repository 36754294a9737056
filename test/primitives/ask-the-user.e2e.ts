import { type Answers, ASKED_CLIENTS, type AskedClient } from '../support/asking-clients.js';
import { ASKING, resetWorld, WORLD } from '../support/asking.tools.js';
import { textOf } from '../support/sdk-client.js';
import { startApp, type TestApp } from '../support/test-app.js';

let app: TestApp;
let token: string;

beforeAll(async () => {
  app = await startApp({}, ASKING);
  token = await app.token();
});

afterAll(() => app.close());

const PARIS = {
  role: 'assistant',
  content: { type: 'text', text: 'Paris' },
  model: 'm',
  stopReason: 'endTurn',
};

describe.each(ASKED_CLIENTS)('$name', ({ name, connect }) => {
  const isModern = name === 'SDK v2, 2026';
  let client: AskedClient | undefined;

  afterEach(() => client?.close());

  async function call(
    answers: Answers,
    tool: string,
    args?: Record<string, unknown>,
  ): Promise<{ text: string; isError: boolean }> {
    client = await connect(app.url, token, answers);
    const result = await client.callTool({ name: tool, arguments: args });
    return { text: textOf(result), isError: (result as { isError?: boolean }).isError === true };
  }

  it('asks the user by a form, and gets what the schema makes of the answer', async () => {
    const asked: unknown[] = [];
    const elicit = (params: Record<string, unknown>) => {
      asked.push(params);
      return { action: 'accept', content: { name: 'Alice' } };
    };
    expect(await call({ elicit }, 'greet')).toEqual({ text: 'Hello, Alice!', isError: false });
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({
      message: 'What is your name?',
      requestedSchema: {
        type: 'object',
        properties: {
          name: { type: 'string', minLength: 2, description: 'What to call you' },
          loud: { type: 'boolean', default: false },
        },
        required: ['name'],
      },
    });
  });

  it.each(['decline', 'cancel'])('hears a user who does not answer: %s', async (action) => {
    expect(await call({ elicit: () => ({ action }) }, 'greet')).toEqual({
      text: `no user: ${action}`,
      isError: false,
    });
  });

  it('tells the model of an answer that does not fit the schema', async () => {
    const { text, isError } = await call(
      { elicit: () => ({ action: 'accept', content: { name: 'A', loud: true } }) },
      'greet',
    );
    // A client may find out by itself, and say so.
    expect({ text, isError }).toEqual({
      text: expect.stringMatching(/does not fit: name|answered elicitation/),
      isError: true,
    });
  });

  it('has no more time of its own for having asked', async () => {
    expect(await call({ elicit: () => ({ action: 'accept', content: {} }) }, 'dawdle')).toEqual({
      text: 'dawdle: The call took longer than it may',
      isError: true,
    });
  });

  it('sends the user to an address', async () => {
    const asked: Record<string, unknown>[] = [];
    const elicit = (params: Record<string, unknown>) => {
      asked.push(params);
      return { action: 'accept' };
    };
    expect(await call({ elicit }, 'visit')).toEqual({ text: 'visit: accept', isError: false });
    expect(asked).toEqual([
      expect.objectContaining({ mode: 'url', message: 'Log in', url: 'https://example.com/login' }),
    ]);
    expect(typeof asked[0]!['elicitationId']).toBe(isModern ? 'undefined' : 'string');
  });

  it('asks the client’s model', async () => {
    const asked: unknown[] = [];
    const sample = (params: Record<string, unknown>) => {
      asked.push(params);
      return PARIS;
    };
    const { text } = await call({ sample }, 'ask-model');
    expect(text).toBe('The model says {"type":"text","text":"Paris"}');
    expect(asked).toEqual([
      expect.objectContaining({
        maxTokens: 100,
        messages: [{ role: 'user', content: { type: 'text', text: 'What is the capital of France?' } }],
      }),
    ]);
  });

  it('asks three things at once', async () => {
    const answers: Answers = {
      elicit: () => ({ action: 'accept', content: { name: 'Alice' } }),
      sample: () => PARIS,
      roots: () => [{ uri: 'file:///a' }, { uri: 'file:///b', name: 'B' }],
    };
    expect((await call(answers, 'all-at-once')).text).toBe(
      'Alice {"type":"text","text":"Paris"} file:///a,file:///b',
    );
  });

  it('runs each step once, however often it asks', async () => {
    resetWorld();
    const messages: unknown[] = [];
    const elicit = ({ message }: Record<string, unknown>) => {
      messages.push(message);
      return { action: 'accept', content: message === 'A note?' ? { note: 'thanks' } : {} };
    };
    expect((await call({ elicit }, 'order', { item: 'bolt' })).text).toBe('bolt-1 bolt-1 100 thanks');
    expect(messages).toEqual(['Order bolt-1?', 'A note?']);
    const rounds = isModern ? 3 : 1;
    expect(WORLD).toMatchObject({ runs: rounds, cleaned: rounds, reserved: 1, charged: 1 });
  });

  it('gets its answer however the tool waits for it', async () => {
    expect((await call({ elicit: () => ({ action: 'accept' }) }, 'absent-minded')).text).toBe('accept');
  });

  it('has its answer also from a tool that catches what it can', async () => {
    WORLD.refunded = 0;
    const messages: unknown[] = [];
    const elicit = ({ message }: Record<string, unknown>) => {
      messages.push(message);
      return { action: 'decline' };
    };
    expect((await call({ elicit }, 'stubborn')).text).toBe('sure: decline');
    expect(messages).toEqual(['Sure?']);
    expect(WORLD.refunded).toBe(0);
  });

  it('says which capability a client lacks', async () => {
    const result = call({}, 'ask-model');
    if (isModern) {
      await expect(result).rejects.toMatchObject({
        code: -32021,
        data: { requiredCapabilities: { sampling: {} } },
      });
    } else {
      expect(await result).toEqual({
        text: 'This client cannot be asked: it does not declare sampling',
        isError: true,
      });
    }
  });
});

describe.each(ASKED_CLIENTS.slice(0, -1))('$name, whose user refuses', ({ connect }) => {
  it('hears why', async () => {
    const client = await connect(app.url, token, {
      sample: () => {
        throw new Error('User rejected sampling request');
      },
    });
    const result = await client.callTool({ name: 'ask-model' });
    await client.close();
    expect(textOf(result)).toContain('The client answered sampling/createMessage with an error: ');
    expect(textOf(result)).toContain('User rejected sampling request');
    expect(result).toMatchObject({ isError: true });
  });
});
