import { ToolRegistry } from '../../src/mcp/index.js';
import { ERA_TOOLS, LEVELS } from '../support/era.tools.js';
import { EraCalls } from '../support/era-calls.js';
import { type EraClient, ERAS, type Params } from '../support/eras/index.js';
import { Gate } from '../support/gate.tool.js';
import { HARD_TEXTS } from '../support/hard-texts.js';
import { textOf } from '../support/sdk-client.js';
import { startApp, type TestApp } from '../support/test-app.js';
import { signToken } from '../support/tokens.js';
import { until } from '../support/until.js';

const FOUR = ['echo', 'get-time', 'random-number', 'test'];

let app: TestApp;
let gate: Gate;
beforeAll(async () => {
  app = await startApp({}, ERA_TOOLS);
  gate = app.app.get(Gate, { strict: false });
});
afterAll(() => app.close());

/** The log messages that a client has heard. */
const heardBy = ({ notices }: EraClient): unknown[] =>
  notices.filter(({ method }) => method === 'notifications/message').map(({ params }) => params);

/** One description of behaviour, over all of them. */
describe.each(ERAS)('$name', ({ connect, revision }) => {
  let client: EraClient;
  beforeAll(async () => {
    client = await connect(app.url, await signToken());
  });
  afterAll(() => client.close());

  const as = async (scope: string): Promise<EraClient> => connect(app.url, await signToken({ scope }));
  const { call, names, hold } = new EraCalls(
    () => client,
    () => gate,
    revision,
  );
  const text = async (name: string, args: Params = {}): Promise<string> =>
    textOf((await call(name, args)).result);
  const progressOf = (token: string, by = client): unknown[] =>
    by.notices.filter(({ params }) => params['progressToken'] === token).map(({ params }) => params);

  describe('the tools', () => {
    it('are listed', async () => {
      expect(await names()).toEqual(expect.arrayContaining(FOUR));
    });

    it('answer', async () => {
      expect(await text('test')).toBe('Security check successful');
      expect(await text('get-time')).toMatch(/^Current server time is: \d{4}-.*Z$/);
      expect(await text('random-number', { min: 7, max: 7 })).toBe('Random number between 7 and 7: 7');
      expect(await text('echo', { message: 'hello' })).toBe('Echo: hello');
    });

    it.each(Object.entries(HARD_TEXTS))('echo %s to the letter', async (_name, message) => {
      expect(await text('echo', { message })).toBe(`Echo: ${message}`);
    });

    it('echo 36 KB', async () => {
      const message = 'é and 漢字; '.repeat(4_000).slice(0, 36 * 1024);
      expect(await text('echo', { message })).toBe(`Echo: ${message}`);
    });

    it('tell what is wrong with arguments', async () => {
      const { result } = await call('echo', { message: 5 });
      expect(result).toMatchObject({ isError: true });
      expect(textOf(result)).toBe(
        'Invalid arguments for echo: message: Invalid input: expected string, received number',
      );
    });

    it('that do not exist are an error of the protocol', async () => {
      const { error } = await call('no-such-tool');
      expect(error).toMatchObject({ code: -32602, message: expect.stringContaining('Unknown tool') });
    });

    it('return an object as it is, and anything else as the revision wants it', async () => {
      expect((await call('counts')).result).toMatchObject({
        content: [{ type: 'text', text: '{"total":3}' }],
        structuredContent: { total: 3 },
      });
      const { result } = await call('names');
      const value = ['one', 'two'];
      expect(textOf(result)).toBe('["one","two"]');
      expect(result!['structuredContent']).toEqual(revision === '2026-07-28' ? value : { result: value });
    });

    it('return a whole result whose structured content is what they describe, or an error', async () => {
      const content = [{ type: 'text', text: 'in words' }];
      const structuredContent = revision === '2026-07-28' ? ['one'] : { result: ['one'] };
      expect((await call('names-or-fails', { how: 'well' })).result).toMatchObject({
        content,
        structuredContent,
      });
      expect((await call('names-or-fails', { how: 'not' })).result).toMatchObject({ content, isError: true });
      const { result } = await call('names-or-fails', { how: 'wrongly' });
      expect(textOf(result)).toMatch(/^names-or-fails failed; the server's log has it/);
      expect(result).not.toHaveProperty('structuredContent');
    });

    it('return an object that has a content of its own', async () => {
      const structuredContent = { content: [{ type: 'paragraph' }] };
      const { result } = await call('document');
      expect(result).toMatchObject({ structuredContent });
      expect(JSON.parse(textOf(result))).toEqual(structuredContent);
    });

    it('that are added or removed while it runs are seen at once', async () => {
      const registry = app.app.get(ToolRegistry);
      registry.add({ name: 'late', description: 'Comes late.' }, { execute: () => 'here' });
      expect(await names()).toContain('late');
      expect(await text('late')).toBe('here');
      expect(registry.remove('late')).toBe(true);
      expect(await names()).not.toContain('late');
      expect((await call('late')).error).toEqual((await call('no-such-tool')).error);
    });
  });

  describe('while a call runs', () => {
    it('its client hears how far it is, if it asked, before the answer', async () => {
      const { underway, key, held } = await hold('announced');
      const first = { progressToken: key, progress: 1, total: 2, message: 'one of two' };
      await until(() => progressOf(key).length === 1);
      expect(progressOf(key)).toEqual([first]);
      held.release('done');
      expect(textOf((await underway.reply()).result)).toBe('done');
      expect(progressOf(key)).toEqual([first, { progressToken: key, progress: 2, total: 2 }]);
    });

    it('another is answered, each with its own reply', async () => {
      const [one, other] = [await hold('wait'), await hold('announced')];
      other.held.release('of the other');
      expect(textOf((await other.underway.reply()).result)).toBe('of the other');
      one.held.release('of the one');
      expect(textOf((await one.underway.reply()).result)).toBe('of the one');
    });

    it.each(['wait', 'announced'] as const)('its client can give it up: %s', async (name) => {
      const { underway, key, held } = await hold(name);
      if (name === 'announced') await until(() => progressOf(key).length > 0);
      await underway.cancel();
      await until(() => held.signal.aborted);
      held.release('too late');
      expect(await text('test')).toBe('Security check successful');
      expect(JSON.stringify(client.notices)).not.toContain('too late');
    });

    it('its tool may take too long: the model is told', async () => {
      const key = `${revision} slow`;
      const { result } = await call('impatient', { key });
      expect(result).toMatchObject({ isError: true });
      expect(textOf(result)).toBe('impatient: The call took longer than it may');
      expect((await gate.held(key)).signal.aborted).toBe(true);
    });
  });

  describe('log messages', () => {
    it.each([
      ['debug', LEVELS],
      ['warning', LEVELS.slice(2)],
      ['emergency', LEVELS.slice(4)],
    ])('of %s and above reach a client that wants them', async (level, expected) => {
      const listener = await as('mcp:access');
      await listener.wantLogs(level);
      await call('talks', {}, listener);
      expect(heardBy(listener)).toEqual(
        expected.map((level) => ({ level, logger: 'talker', data: { said: level } })),
      );
      listener.close();
    });

    it('that the client did not ask for are sent where the revision has a default, and there only', async () => {
      const listener = await as('mcp:access');
      await call('talks', {}, listener);
      expect(heardBy(listener)).toHaveLength(revision === '2026-07-28' ? 0 : 4);
      listener.close();
    });
  });
});
