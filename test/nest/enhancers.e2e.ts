import {
  Controller,
  createParamDecorator,
  type ExecutionContext,
  Get,
  Module,
  Query,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { z } from 'zod';
import { type CallContext, getMcpContext, type McpTool, Tool, ToolRegistry } from '../../src/mcp/index.js';
import { CLIENTS, type McpClient } from '../support/clients.js';
import { Journal, journaling, JournalModule } from '../support/journal.js';
import { startApp, type TestApp } from '../support/test-app.js';

const OfApp = journaling('application');
const OfClass = journaling('class');
const OfMethod = journaling('method');

const input = z.object({ message: z.string() });
type Input = z.infer<typeof input>;

@Controller('enhanced')
@UseGuards(OfClass.Guard)
@UseInterceptors(OfClass.Interceptor)
@UsePipes(OfClass.Pipe)
@UseFilters(OfClass.Filter)
class EnhancedController {
  constructor(private readonly journal: Journal) {}

  @Get()
  @UseGuards(OfMethod.Guard)
  @UseInterceptors(OfMethod.Interceptor)
  @UsePipes(OfMethod.Pipe)
  @UseFilters(OfMethod.Filter)
  execute(@Query() { message }: Input): string {
    return answer(message, this.journal);
  }
}

@Tool({ name: 'enhanced', description: 'Has it all.', input })
@UseGuards(OfClass.Guard)
@UseInterceptors(OfClass.Interceptor)
@UsePipes(OfClass.Pipe)
@UseFilters(OfClass.Filter)
class EnhancedTool implements McpTool<typeof input> {
  constructor(protected readonly journal: Journal) {}

  @UseGuards(OfMethod.Guard)
  @UseInterceptors(OfMethod.Interceptor)
  @UsePipes(OfMethod.Pipe)
  @UseFilters(OfMethod.Filter)
  execute({ message }: Input, _context: CallContext): string {
    return answer(message, this.journal);
  }
}

function answer(message: string, journal: Journal): string {
  journal.write('handler');
  if (message === 'fail') throw new Error('it failed');
  return message;
}

const Caller = createParamDecorator(
  (_data: unknown, context: ExecutionContext) => getMcpContext(context).user.subject,
);

@Tool({ name: 'named', description: 'Knows its caller by a parameter.', input })
class NamedTool implements McpTool<typeof input> {
  execute({ message }: Input, { signal }: CallContext, @Caller() caller: string): string {
    signal.throwIfAborted();
    return `${caller}: ${message}`;
  }
}

@Module({
  controllers: [EnhancedController],
  providers: [
    { provide: APP_GUARD, useClass: OfApp.Guard },
    { provide: APP_INTERCEPTOR, useClass: OfApp.Interceptor },
    { provide: APP_PIPE, useClass: OfApp.Pipe },
    { provide: APP_FILTER, useClass: OfApp.Filter },
  ],
})
class ApplicationModule {}

let app: TestApp;
let journal: Journal;

beforeAll(async () => {
  app = await startApp({}, [EnhancedTool, NamedTool], [JournalModule, ApplicationModule]);
  journal = app.app.get(Journal);
  const registry = app.app.get(ToolRegistry, { strict: false });
  const description = 'Has it all, and came later.';
  registry.add({ name: 'added', description, input }, new EnhancedTool(journal));
});

afterAll(() => app.close());

/** What a controller with the same decorators does, without those of the application. */
async function asOnController(message: string): Promise<{ text: string; lines: string[] }> {
  const headers = { Authorization: `Bearer ${await app.token()}` };
  journal.take();
  const response = await fetch(`${app.url}/enhanced?message=${message}`, { headers });
  const text = await response.text();
  return { text, lines: journal.take().filter((line) => !line.includes('application')) };
}

const WIRES = CLIENTS;

describe.each(WIRES)('enhancers of a tool, by $name', ({ connect }) => {
  let client: McpClient;

  beforeAll(async () => {
    client = await connect(app.url, await app.token());
  });

  afterAll(() => client.close());

  it.each(['enhanced', 'added'])(
    'run around %s in the order of controllers, with injection',
    async (tool) => {
      const { text, lines } = await asOnController('hello');
      expect(lines).toHaveLength(9);
      expect(text).toBe('hello');
      const result = await client.call(tool, { message: 'hello' });
      const heard = journal.take();
      expect(heard.filter((line) => !line.includes('application'))).toEqual(lines);
      expect(result).toEqual({ text, isError: false });
    },
  );

  it.each(['enhanced', 'added'])('make the answer of %s when it fails, as on controllers', async (tool) => {
    const { text, lines } = await asOnController('fail');
    expect(lines.at(-1)).toBe('filter of the method');
    const result = await client.call(tool, { message: 'fail' });
    expect(journal.take().filter((line) => !line.includes('application'))).toEqual(lines);
    expect(result).toEqual({ text, isError: false });
  });

  it('of the application run at the HTTP door and not again', async () => {
    // What runs after the handler may come behind the answer, which has a stream of its own.
    const ofApplication = () =>
      journal.take().filter((line) => line.includes('application') && !line.endsWith('after'));
    journal.take();
    await client.call('test');
    const atTheDoor = ofApplication();
    expect(atTheDoor).toEqual(['guard of the application', 'interceptor of the application, before']);
    await client.call('enhanced', { message: 'hello' });
    expect(ofApplication()).toEqual(atTheDoor);
    await client.call('enhanced', { message: 'fail' });
    expect(ofApplication()).toEqual(atTheDoor);
  });

  it('see the caller in a parameter of its own', async () => {
    expect(await client.call('named', { message: 'hi' })).toEqual({ text: 'alice: hi', isError: false });
  });
});
