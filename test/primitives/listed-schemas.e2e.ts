import { z } from 'zod';
import { fromJsonSchema, type McpTool, type Schema, Tool, ToolRegistry } from '../../src/mcp/index.js';
import { RecordedLogs } from '../support/recorded-logs.js';
import { SDK_CLIENTS, type SdkClient } from '../support/sdk-clients.js';
import { startApp, type TestApp } from '../support/test-app.js';

const Recursive: z.ZodType = z.union([z.string(), z.array(z.lazy(() => Recursive))]);

/** What each tool answers, and what it says that it answers. */
const ANSWERS: Readonly<Record<string, readonly [output: Schema, value: unknown]>> = {
  json: [z.json(), { a: [1, { b: null }] }],
  recursive: [Recursive, ['a', ['b']]],
  named: [z.object({ a: z.string() }).meta({ id: 'Named' }), { a: 'x' }],
  'named-alike': [z.object({ a: z.number() }).meta({ id: 'Named ' }), { a: 1 }],
  'named-list': [z.array(z.string().meta({ id: 'a name / of two' })).meta({ id: 'List' }), ['a']],
  flags: [z.object({ a: z.string().regex(/^abc$/i) }), { a: 'ABC' }],
  duration: [z.object({ a: z.iso.duration() }), { a: 'PT0.5S' }],
  steps: [z.object({ a: z.number().multipleOf(0.1) }), { a: 0.3 }],
  rest: [z.tuple([z.string()]).rest(z.number()), ['a', 1, 2]],
  joined: [z.object({ a: z.string() }).and(z.record(z.string(), z.unknown())), { a: 'x', b: 1 }],
  written: [
    fromJsonSchema({
      $id: 'https://example.com/s',
      type: 'object',
      properties: { a: { $ref: '#/$defs/b' } },
      $defs: { b: { type: 'string', format: 'iri' } },
    }),
    { a: 'x' },
  ],
  'written-alike': [
    fromJsonSchema({ $id: 'https://example.com/s', type: 'object', properties: { a: { type: 'number' } } }),
    { a: 1 },
  ],
  stray: [z.object({ at: z.any().meta({ type: 'string' }) }), { at: 7 }],
};

function answering(name: string, output: Schema, value: unknown) {
  const made = class implements McpTool<undefined, Schema> {
    execute(): unknown {
      return value;
    }
  };
  Tool({ name, description: 'Answers.', output })(made);
  return made;
}

describe('listed output schemas', () => {
  let app: TestApp;
  let logs: RecordedLogs;
  beforeAll(async () => {
    const tools = Object.entries(ANSWERS).map(([name, [output, value]]) => answering(name, output, value));
    app = await startApp({}, tools);
    logs = RecordedLogs.of(app);
  });
  afterAll(() => app.close());

  describe.each(SDK_CLIENTS)('$name', ({ connect, revision }) => {
    let client: SdkClient;
    beforeAll(async () => {
      client = await connect(app.url, await app.token());
      await client.listTools();
    });

    it.each(Object.keys(ANSWERS).filter((name) => name !== 'stray'))(
      'takes what %s answers',
      async (name) => {
        const result = await client.callTool({ name, arguments: {} });
        const [output, value] = ANSWERS[name]!;
        const isObject = !Array.isArray(value) && output !== ANSWERS['json']![0];
        expect(result).toMatchObject({
          structuredContent: isObject || revision === '2026-07-28' ? value : { result: value },
        });
        expect(result.isError).not.toBe(true);
      },
    );

    it('is told of a failure where the listed schema does not describe the result, and the log names the place', async () => {
      const before = logs.all.length;
      const result = await client.callTool({ name: 'stray', arguments: {} });
      expect(result).toMatchObject({ isError: true });
      const failures = logs.all.slice(before).map((line) => String((line as { err?: unknown }).err));
      expect(failures).toContainEqual(expect.stringContaining('at: must be string'));
    });
  });

  it('are checked for a tool that is added later', () => {
    const registry = app.app.get(ToolRegistry);
    const add = () =>
      registry.add(
        { name: 'late', description: 'Late.', input: z.object({ a: z.bigint() }) },
        new (answering('late', z.any(), 1))() as never,
      );
    expect(add).toThrow(expect.objectContaining({ name: 'WiringError' }));
    expect(add).toThrow(/properties\.a /);
  });
});
