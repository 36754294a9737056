import { CLIENTS, INSPECTORS, type McpClient, STDIO_CLIENTS } from '../support/clients.js';
import { HARD_TEXTS } from '../support/hard-texts.js';
import { connectSdk, textOf } from '../support/sdk-client.js';
import { ServerProcess } from '../support/server-process.js';
import { takeToken } from '../support/test-app.js';

const ISO_UTC = /^Current server time is: (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)$/;

let server: ServerProcess;
let token: string;

beforeAll(async () => {
  server = await ServerProcess.start();
  token = await takeToken(server.url, 'alice', 'mcp:access');
});

afterAll(async () => {
  await server.stop();
});

describe.each([...CLIENTS, ...STDIO_CLIENTS])('$name', ({ connect, revision }) => {
  let client: McpClient;

  beforeAll(async () => {
    client = await connect(server.url, token);
  });

  afterAll(() => client.close());

  const echo = async (message: string) => client.call('echo', { message });
  const random = async (args: Record<string, unknown>) => client.call('random-number', args);

  it('negotiates the expected revision', () => {
    expect(client.revision).toBe(revision);
  });

  it('lists the tools, each once', async () => {
    const names = await client.toolNames();
    expect(names).toEqual(expect.arrayContaining(['echo', 'get-time', 'random-number', 'test']));
    expect(new Set(names).size).toBe(names.length);
  });

  it('calls test', async () => {
    expect(await client.call('test')).toEqual({ text: 'Security check successful', isError: false });
  });

  it('calls get-time: the server’s clock, ISO 8601, UTC', async () => {
    const before = Date.now();
    const { text, isError } = await client.call('get-time');
    const told = Date.parse(ISO_UTC.exec(text)?.[1] ?? '');
    expect(isError).toBe(false);
    expect(told).toBeGreaterThanOrEqual(before);
    expect(told).toBeLessThanOrEqual(Date.now());
  });

  it('calls random-number: from 0 to 100 without arguments', async () => {
    const { text, isError } = await random({});
    const [, drawn] = /^Random number between 0 and 100: (\d+)$/.exec(text) ?? [];
    expect(isError).toBe(false);
    expect(Number(drawn)).toBeLessThanOrEqual(100);
  });

  it('draws from a range of one number, and from negative ones', async () => {
    const [single, negative] = await Promise.all([random({ min: 7, max: 7 }), random({ min: -3, max: -2 })]);
    expect(single).toEqual({ text: 'Random number between 7 and 7: 7', isError: false });
    expect(negative.text).toMatch(/^Random number between -3 and -2: -[32]$/);
  });

  it('draws from the widest range, and gets an error for a wider one', async () => {
    const widest = 2 ** 48 - 2;
    const [most, more] = await Promise.all([random({ max: widest }), random({ max: widest + 1 })]);
    expect(most.isError).toBe(false);
    expect(more).toEqual({
      text: 'Invalid arguments for random-number: max: is too far from min',
      isError: true,
    });
  });

  it('gets an error that says what is wrong with a range', async () => {
    const [turned, broken] = await Promise.all([random({ min: 2, max: 1 }), random({ min: 0, max: 1.5 })]);
    expect(turned.isError).toBe(true);
    expect(turned.text).toBe('Invalid arguments for random-number: min: must not be greater than max');
    expect(broken.isError).toBe(true);
    expect(broken.text).toMatch(/^Invalid arguments for random-number: max: .*int/);
  });

  it('echoes hard Unicode to the letter', async () => {
    const text = Object.values(HARD_TEXTS).join(' | ');
    expect(await echo(text)).toEqual({ text: `Echo: ${text}`, isError: false });
  });

  it('echoes 36 KB', async () => {
    const text = 'thirty-six kilobytes of text, é and 漢字; '.repeat(1_000).slice(0, 36 * 1024);
    expect((await echo(text)).text).toBe(`Echo: ${text}`);
  });

  it('gets a useful error for a missing and for a mistyped argument, and an answer to its next call', async () => {
    const [missing, mistyped] = await Promise.all([
      client.call('echo', {}),
      client.call('echo', { message: 5 }),
    ]);
    expect(missing).toEqual({
      text: 'Invalid arguments for echo: message: Invalid input: expected string, received undefined',
      isError: true,
    });
    expect(mistyped).toEqual({
      text: 'Invalid arguments for echo: message: Invalid input: expected string, received number',
      isError: true,
    });
    await expect(client.call('no-such-tool')).rejects.toThrow(/no-such-tool|Unknown tool/);
    expect(await echo('still here')).toEqual({ text: 'Echo: still here', isError: false });
  });
});

it.each(INSPECTORS)('$name calls a tool', async ({ connect }) => {
  const client = await connect(server.url, token);
  const text = Object.values(HARD_TEXTS).join(' | ');
  expect(await client.call('echo', { message: text })).toEqual({ text: `Echo: ${text}`, isError: false });
});

// Over one transport: what the transports do to a list or an error is shown with the SDK's clients.
it('Inspector CLI lists tools, and shows an error', async () => {
  const client = await INSPECTORS.find(({ name }) => name.endsWith('/mcp'))!.connect(server.url, token);
  expect(await client.toolNames()).toEqual(expect.arrayContaining(['echo', 'get-time']));
  expect(await client.call('echo', {})).toEqual({
    text: 'Invalid arguments for echo: message: Invalid input: expected string, received undefined',
    isError: true,
  });
});

describe('with one client', () => {
  it.each(Object.entries(HARD_TEXTS))('echoes %s', async (_name, message) => {
    const client = await connectSdk(server.url, token);
    const result = await client.callTool({ name: 'echo', arguments: { message } });
    await client.close();
    expect(textOf(result)).toBe(`Echo: ${message}`);
  });

  it('draws both ends of a range, and nothing beyond', async () => {
    const client = await connectSdk(server.url, token);
    const drawn = new Set<string>();
    for (let calls = 0; drawn.size < 3 && calls < 300; calls += 1) {
      const result = await client.callTool({ name: 'random-number', arguments: { min: -1, max: 1 } });
      drawn.add(textOf(result).replace(/^.*: /, ''));
    }
    await client.close();
    expect([...drawn].toSorted()).toEqual(['-1', '0', '1']);
  });

  it('introduces itself, and describes each tool for a model', async () => {
    const client = await connectSdk(server.url, token);
    const { tools } = await client.listTools();
    expect(client.getServerVersion()).toMatchObject({ name: 'nestjs-mcp-server' });
    expect(client.getServerCapabilities()).toEqual({
      tools: { listChanged: true },
      resources: { listChanged: true, subscribe: true },
      prompts: { listChanged: true },
      completions: {},
      logging: {},
    });
    for (const { description, inputSchema } of tools) {
      expect(description).toMatch(/^[A-Z].*\.$/);
      expect(inputSchema).toMatchObject({ type: 'object' });
    }
    await client.close();
  });
});
