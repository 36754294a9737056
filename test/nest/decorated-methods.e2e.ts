import {
  type CanActivate,
  type ExecutionContext,
  Inject,
  Injectable,
  Scope,
  UseGuards,
} from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import { from, NEVER, of } from 'rxjs';
import { z } from 'zod';
import {
  type CallContext,
  getMcpContext,
  isMcpContext,
  type McpContext,
  Prompt,
  Resource,
  type ResourceRequest,
  Tool,
} from '../../src/mcp/index.js';
import { type EraClient, ERAS, type Params } from '../support/eras/index.js';
import { RecordedLogs } from '../support/recorded-logs.js';
import { startApp, type TestApp } from '../support/test-app.js';

const order = z.object({ id: z.string() });
const output = z.object({ open: z.number() });

class AliceGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return getMcpContext(context).user.subject === 'alice';
  }
}

@Injectable()
class OrdersService {
  private readonly open = new Map([['A-1', 2]]);

  @Tool({ name: 'open-of-order', description: 'What is open.', input: order, output })
  openOf({ id }: z.infer<typeof order>): z.infer<typeof output> {
    return { open: this.open.get(id) ?? 0 };
  }

  @Tool({ name: 'cancel-order', description: 'Cancels it.', input: order })
  @UseGuards(AliceGuard)
  async cancel({ id }: z.infer<typeof order>, { user }: CallContext): Promise<string> {
    return Promise.resolve(`${id} by ${user.subject}`);
  }

  @Resource({ name: 'order', uriTemplate: 'order://{id}' })
  read({ variables }: ResourceRequest): string {
    return `order ${variables['id']}`;
  }

  @Prompt({ name: 'explain-order', args: order })
  explain({ id }: z.infer<typeof order>): string {
    return `Explain order ${id}`;
  }

  @Tool({ name: 'stream', description: 'Three values.' })
  stream(): never {
    return from(['one', 'two', 'three']) as never;
  }

  @Tool({ name: 'later', description: 'A promise of one.' })
  async later(): Promise<never> {
    return Promise.resolve(of('later') as never);
  }

  @Tool({ name: 'never', description: 'No value.', timeoutMs: 50 })
  never(): never {
    return NEVER as never;
  }
}

class MoreOrdersService extends OrdersService {
  override openOf(input: z.infer<typeof order>): z.infer<typeof output> {
    return { open: super.openOf(input).open + 40 };
  }
}

@Injectable({ scope: Scope.REQUEST })
class ScopedService {
  constructor(@Inject(REQUEST) private readonly request: McpContext) {}

  @Tool({ name: 'scoped', description: 'Of one call.' })
  who(): string {
    return `${isMcpContext(this.request)} ${this.request.user.subject}`;
  }
}

/** What a tool gives that clients refuse, and what the log says of it. */
const MALFORMED: Record<string, [unknown, string]> = {
  object: [{ id: 7, open: true }, 'an object with id, open; return a string, content blocks'],
  number: [7, 'a number'],
  nothing: [undefined, 'nothing'],
  text: [[{ type: 'text' }], 'content[0] that the tool returned has the type text and no "text"'],
  image: [{ content: [{ type: 'image', data: 'eA==' }] }, 'has the type image and no "mimeType"'],
  resource: [[{ type: 'resource', resource: { uri: 'a:b' } }], 'has a "resource" without "text" and "blob"'],
  link: [[{ type: 'resource_link', uri: 'a:b' }], 'has the type resource_link and no "name"'],
  type: [[{ type: 'txt', text: 'x' }], 'has the type "txt"; there are text, image'],
  block: [{ content: ['x'] }, 'content[0] that the tool returned is a string, and no content block'],
};

@Tool({ name: 'malformed', description: 'Any of them.', input: z.object({ what: z.string() }) })
class MalformedTool {
  execute({ what }: { what: string }): never {
    return MALFORMED[what]![0] as never;
  }
}

let app: TestApp;
/** Each call has an id of its own. */
let calls = 0;
beforeAll(async () => {
  app = await startApp({}, [MoreOrdersService, ScopedService, MalformedTool]);
});
afterAll(() => app.close());

async function call(client: EraClient, name: string, args: Params = {}): Promise<Params> {
  const { result } = await client.request((calls += 1), 'tools/call', { name, arguments: args });
  return result as Params;
}

describe.each(ERAS)('$name: methods of a service', ({ connect }) => {
  let alice: EraClient;
  beforeAll(async () => {
    alice = await connect(app.url, await app.token('alice'));
  });
  afterAll(() => alice.close());

  const textOf = async (name: string, args?: Params): Promise<string> => {
    const { content } = (await call(alice, name, args)) as { content?: [{ text: string }] };
    return content![0].text;
  };

  it('are tools, a resource and a prompt', async () => {
    expect((await call(alice, 'open-of-order', { id: 'A-1' }))['structuredContent']).toEqual({ open: 42 });
    expect(await textOf('cancel-order', { id: 'A-1' })).toBe('A-1 by alice');
    const read = await alice.request('r', 'resources/read', { uri: 'order://A-1' });
    expect(JSON.stringify(read.result)).toContain('"text":"order A-1"');
    const rendered = await alice.request('p', 'prompts/get', {
      name: 'explain-order',
      arguments: { id: 'A-1' },
    });
    expect(JSON.stringify(rendered.result)).toContain('Explain order A-1');
  });

  it('have their guards, and their arguments are validated', async () => {
    const mallory = await connect(app.url, await app.token('mallory'));
    expect(JSON.stringify(await call(mallory, 'cancel-order', { id: 'A-1' }))).toContain(
      'Forbidden resource',
    );
    mallory.close();
    expect(await textOf('cancel-order', { id: 7 })).toContain('Invalid arguments');
  });

  it('are of one call where their class is', async () => {
    expect(await textOf('scoped')).toBe('true alice');
  });

  it('may return an observable, whose last value counts', async () => {
    expect(await textOf('stream')).toBe('three');
    expect(await textOf('later')).toBe('later');
    expect(await textOf('never')).toContain('never');
  });

  it.each(Object.entries(MALFORMED))(
    'a malformed result is the tool’s error: %s',
    async (what, [, reason]) => {
      const logs = RecordedLogs.of(app);
      const result = await call(alice, 'malformed', { what });
      expect(result['isError']).toBe(true);
      expect(JSON.stringify(result)).toMatch(/the server's log has it as [\w-]+/);
      const [{ err }] = logs.events('call.failed') as unknown as [{ err: Error }];
      expect(err.message).toContain(reason);
    },
  );
});
