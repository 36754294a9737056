import { Injectable, Module, type OnModuleInit } from '@nestjs/common';
import { z } from 'zod';
import { type CallContext, McpServerModule, Prompt, Resource, Tool, ToolError } from '../../src/index.js';
import {
  createCallContext,
  ERAS,
  McpRequestError,
  type McpTestApp,
  startMcpTestApp,
} from '../../src/testing/index.js';

@Injectable()
class Database implements OnModuleInit {
  onModuleInit(): void {
    throw new Error('there is no database here');
  }

  count(): number {
    return 0;
  }
}

const input = z.object({ plus: z.number() });
const confirmation = z.object({ sure: z.boolean() });

@Injectable()
class OrdersService {
  constructor(private readonly database: Database) {}

  @Tool({ name: 'count', description: 'How many.', input })
  count({ plus }: z.infer<typeof input>, context: CallContext): string {
    context.progress(1, { total: 2 });
    context.log('info', { counted: true });
    if (context.user.claims['tenant'] !== undefined) return JSON.stringify(context.user.claims);
    return `${context.user.subject} ${this.database.count() + plus}`;
  }

  @Tool({ name: 'delete-all', description: 'Deletes.', scopes: ['orders:write'] })
  async deleteAll(_input: object, context: CallContext): Promise<string> {
    const answer = await context.elicit({ message: 'Sure?', schema: confirmation });
    if (answer.action !== 'accept' || !answer.content.sure) throw new ToolError('Not sure');
    return context.once('delete', () => 'deleted');
  }

  @Resource({ name: 'orders', uri: 'orders://all' })
  all(): string {
    return 'all orders';
  }

  @Prompt({ name: 'explain' })
  explain(): string {
    return 'Explain the orders';
  }
}

@Module({ providers: [Database, OrdersService] })
class OrdersModule {}

class FakeDatabase {
  count(): number {
    return 7;
  }
}

describe('a unit test', () => {
  const service = new OrdersService(new FakeDatabase() as Database);

  it('has a context that keeps what the handler did', () => {
    const context = createCallContext({ user: { subject: 'bob' } });
    expect(service.count({ plus: 1 }, context)).toBe('bob 8');
    expect(context.progressed).toEqual([{ progress: 1, total: 2 }]);
    expect(context.logged).toEqual([{ level: 'info', data: { counted: true } }]);
  });

  it('answers for the user, as the schema has it', async () => {
    const sure = createCallContext({ elicit: () => ({ action: 'accept', content: { sure: true } }) });
    expect(await service.deleteAll({}, sure)).toBe('deleted');
    expect(sure.elicited).toMatchObject([{ message: 'Sure?' }]);
    const wrong = createCallContext({ elicit: () => ({ action: 'accept', content: { sure: 'yes' } }) });
    await expect(service.deleteAll({}, wrong)).rejects.toThrow('does not fit');
    await expect(service.deleteAll({}, createCallContext())).rejects.toThrow('cannot ask');
  });
});

describe('a test over HTTP', () => {
  let app: McpTestApp;
  beforeAll(async () => {
    app = await startMcpTestApp({
      imports: [OrdersModule],
      server: { auth: { claims: ['tenant', 'email'] } },
      override: (builder) => builder.overrideProvider(Database).useClass(FakeDatabase),
    });
  });
  afterAll(() => app.close());

  it.each(ERAS)('has a client of %s, with a token', async (era) => {
    const client = await app.connect(era, { subject: 'bob' });
    expect((await client.listTools()).map(({ name }) => name)).toEqual(['count']);
    expect((await client.callTool('count', { plus: 1 })).content).toEqual([{ type: 'text', text: 'bob 8' }]);
    expect(await client.readResource('orders://all')).toMatchObject([{ text: 'all orders' }]);
    expect((await client.getPrompt('explain')).messages).toMatchObject([{ role: 'user' }]);
    await expect(client.callTool('delete-all')).rejects.toMatchObject({ code: -32602 });
    const writer = await app.connect(era, { scopes: ['orders:write'] });
    expect((await writer.listTools()).map(({ name }) => name)).toEqual(['count', 'delete-all']);
  });

  it.each(ERAS)('has the claims that are configured, in %s', async (era) => {
    const client = await app.connect(era, { claims: { tenant: { id: 7 } } });
    const { content } = await client.callTool('count', { plus: 1 });
    expect(content).toEqual([{ type: 'text', text: '{"tenant":{"id":7}}' }]);
    await expect(app.token({ claims: { other: 1 } })).rejects.toThrow('not among JWT_CLAIMS');
  });

  it('refuses as the server does', async () => {
    const { status } = await fetch(`${app.url}/mcp`, { method: 'POST' });
    expect(status).toBe(401);
    const client = await app.connect('2026-07-28');
    await expect(client.callTool('nothing')).rejects.toThrow(McpRequestError);
  });
});

it('takes a server that the modules bring, below its path', async () => {
  const brought = McpServerModule.forRoot({
    name: 'own',
    version: '1.0.0',
    path: '/ai',
    auth: { secret: 'a secret of the tests that is long enough' },
  });
  const app = await startMcpTestApp({
    imports: [OrdersModule, brought],
    server: false,
    override: (builder) => builder.overrideProvider(Database).useClass(FakeDatabase),
    configure: (host) => host.setGlobalPrefix('api'),
  });
  expect(new URL(app.url).pathname).toBe('/api/ai');
  const client = await app.connect('2025-11-25');
  expect((await client.listTools()).map(({ name }) => name)).toEqual(['count']);
  await app.close();
});
