import { Injectable } from '@nestjs/common';
import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { z } from 'zod';
import { type McpTool, Tool, type CallContext } from '../../src/mcp/index.js';
import { RawSession } from '../support/raw-session.js';
import { connectSdk, textOf } from '../support/sdk-client.js';
import { startApp, type TestApp } from '../support/test-app.js';

@Injectable()
class Warehouse {
  private readonly stock = new Map([['bolt', 10]]);

  async take(item: string): Promise<number> {
    const left = (this.stock.get(item) ?? 0) - 1;
    this.stock.set(item, left);
    return left;
  }
}

const input = z.object({ item: z.string().describe('What to reserve'), count: z.int().min(1).default(1) });
const output = z.object({ item: z.string(), left: z.int(), by: z.string(), revision: z.string() });

/** The fifth tool, as a team would write it. */
@Tool({
  name: 'reserve',
  title: 'Reserve',
  description: 'Reserves items in the warehouse.',
  input,
  output,
  scopes: ['stock:read', 'stock:write'],
  annotations: { destructiveHint: false },
})
class ReserveTool implements McpTool<typeof input, typeof output> {
  constructor(private readonly warehouse: Warehouse) {}

  async execute({ item, count }: z.infer<typeof input>, context: CallContext) {
    let left = 0;
    for (let taken = 1; taken <= count; taken += 1) {
      context.signal.throwIfAborted();
      left = await this.warehouse.take(item);
      context.progress(taken, { total: count, message: `${taken} of ${count}` });
    }
    return { item, left, by: context.user.subject, revision: context.session.protocolVersion };
  }
}

const SCOPES = 'mcp:access stock:read stock:write';

/** What a program can tell of a request that was refused. */
async function refusalOf(request: Promise<unknown>): Promise<unknown> {
  const error = await request.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  const { name, message, code, data } = error as Error & { code?: unknown; data?: unknown };
  return { name, message, code, data };
}

describe('a fifth tool: one class, and one line in a module’s providers', () => {
  let app: TestApp;
  let client: Client;

  beforeAll(async () => {
    app = await startApp({}, [Warehouse, ReserveTool]);
    client = await connectSdk(app.url, await app.token('alice', SCOPES));
  });

  afterAll(async () => {
    await client.close();
    await app.close();
  });

  it('is listed beside the four, with schemas', async () => {
    const { tools } = await client.listTools();
    expect(tools).toHaveLength(5);
    expect(tools.find(({ name }) => name === 'reserve')).toEqual({
      name: 'reserve',
      title: 'Reserve',
      description: 'Reserves items in the warehouse.',
      inputSchema: {
        type: 'object',
        properties: {
          item: { type: 'string', description: 'What to reserve' },
          count: expect.objectContaining({ type: 'integer', minimum: 1, default: 1 }),
        },
        required: ['item'],
      },
      outputSchema: expect.objectContaining({
        type: 'object',
        required: ['item', 'left', 'by', 'revision'],
      }),
      annotations: { destructiveHint: false },
    });
  });

  it('gets its service, valid input and the caller; its answer is structured, and text too', async () => {
    const result = await client.callTool({ name: 'reserve', arguments: { item: 'bolt' } });
    expect(result.structuredContent).toEqual({ item: 'bolt', left: 9, by: 'alice', revision: '2025-11-25' });
    expect(JSON.parse(textOf(result))).toEqual(result.structuredContent);
    expect(result.isError).toBeUndefined();
  });

  it('does not run on invalid input', async () => {
    const result = await client.callTool({ name: 'reserve', arguments: { item: 'nut', count: 0 } });
    expect(result.isError).toBe(true);
    expect(textOf(result)).toMatch(/^Invalid arguments for reserve: count: /);
    const untouched = await client.callTool({ name: 'reserve', arguments: { item: 'nut' } });
    expect(untouched.structuredContent).toMatchObject({ left: -1 });
  });

  it('tells a client that asks how far it is, in order, before the answer', async () => {
    const session = await RawSession.open(app.url, await app.token('alice', SCOPES));
    const params = { name: 'reserve', arguments: { item: 'washer', count: 3 } };
    await session.request(1, 'tools/call', { ...params, _meta: { progressToken: 'p-1' } });
    session.close();
    const [, ...sent] = session.events.map(({ data }) => data);
    expect(sent.slice(0, -1).map((data) => JSON.parse(data))).toEqual(
      [1, 2, 3].map((progress) => ({
        jsonrpc: '2.0',
        method: 'notifications/progress',
        params: { progressToken: 'p-1', progress, total: 3, message: `${progress} of 3` },
      })),
    );
    expect(JSON.parse(sent.at(-1)!)).toMatchObject({ id: 1 });
  });

  it('tells nothing to a client that did not ask', async () => {
    const session = await RawSession.open(app.url, await app.token('alice', SCOPES));
    await session.request(1, 'tools/call', { name: 'reserve', arguments: { item: 'washer', count: 3 } });
    session.close();
    expect(session.messages.map(({ id }) => id)).toEqual([1]);
  });

  it.each(['mcp:access', 'mcp:access stock:read', 'mcp:access stock:writer Stock:Write'])(
    'does not exist for a caller with %s',
    async (scope) => {
      const other = await connectSdk(app.url, await app.token('bob', scope));
      const { tools } = await other.listTools();
      const hidden = await refusalOf(other.callTool({ name: 'reserve', arguments: { item: 'bolt' } }));
      const unknown = await refusalOf(other.callTool({ name: 'no-such-tool', arguments: { item: 'bolt' } }));
      await other.close();
      expect(tools.map(({ name }) => name)).toEqual(['echo', 'get-time', 'random-number', 'test']);
      expect(hidden).toEqual(unknown);
      expect(hidden).toMatchObject({ code: -32602 });
    },
  );

  it('is a matter of each request’s token: a refreshed one with more scopes opens it', async () => {
    const session = await RawSession.open(app.url, await app.token('carol'));
    const message = {
      jsonrpc: '2.0',
      method: 'tools/call',
      params: { name: 'reserve', arguments: { item: 'x' } },
    };
    const widened = { Authorization: `Bearer ${await app.token('carol', SCOPES)}` };
    await session.post({ ...message, id: 1 });
    await session.post({ ...message, id: 2 }, widened);
    await session.post({ ...message, id: 3 });
    expect((await session.reply(1)).error).toBeDefined();
    expect((await session.reply(2)).result).toMatchObject({ structuredContent: { by: 'carol' } });
    expect((await session.reply(3)).error).toEqual((await session.reply(1)).error);
    session.close();
  });
});
