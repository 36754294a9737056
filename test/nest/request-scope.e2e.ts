import {
  type CanActivate,
  type ExecutionContext,
  Inject,
  Injectable,
  Scope,
  type Type,
  UseGuards,
} from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { z } from 'zod';
import { type McpContext, type McpTool, Tool } from '../../src/mcp/index.js';
import { CLIENTS, type McpClient } from '../support/clients.js';
import { Gate } from '../support/gate.tool.js';
import { McpEndpoint } from '../support/mcp-endpoint.js';
import { RecordedLogs } from '../support/recorded-logs.js';
import { startApp, type TestApp } from '../support/test-app.js';

const input = z.object({ message: z.string() });
type Input = z.infer<typeof input>;

let made = 0;

/** Made for a call, and knows which. */
@Injectable({ scope: Scope.REQUEST })
class Caller {
  readonly number = (made += 1);
  guarded = false;

  constructor(@Inject(REQUEST) private readonly request: McpContext<Input>) {}

  get name(): string {
    const { user, session, input: given, call } = this.request;
    if (call.user !== user || call.session !== session) throw new Error('of another call');
    return `${user.subject}, ${session.protocolVersion === '' ? 'nowhere' : 'here'}, ${given.message}`;
  }
}

@Injectable()
class Between {
  constructor(readonly caller: Caller) {}
}

/** Sees the same instances as the tool of its call. */
@Injectable()
class CallerGuard implements CanActivate {
  constructor(private readonly caller: Caller) {}

  canActivate(_context: ExecutionContext): boolean {
    this.caller.guarded = true;
    return !this.caller.name.startsWith('mallory');
  }
}

/** Not request-scoped itself; what it injects is, two steps on. */
@Tool({ name: 'scoped', description: 'Knows its caller by injection.', input })
@UseGuards(CallerGuard)
class ScopedTool implements McpTool<typeof input> {
  constructor(
    private readonly between: Between,
    private readonly caller: Caller,
    private readonly gate: Gate,
  ) {}

  async execute({ message }: Input): Promise<string> {
    if (message.startsWith('held')) await this.gate.hold(message, new AbortController().signal);
    const isOneTree = this.caller.guarded && this.between.caller === this.caller;
    return `${isOneTree} ${this.caller.name}`;
  }
}

const instances: WeakRef<object>[] = [];

@Tool({ name: 'passing', description: 'Leaves traces for the garbage collector.', input })
@UseGuards(CallerGuard)
class PassingTool implements McpTool<typeof input> {
  constructor(private readonly between: Between) {}

  execute(): string {
    instances.push(new WeakRef(this), new WeakRef(this.between), new WeakRef(this.between.caller));
    return 'passed';
  }
}

class CountingTool implements McpTool {
  private calls = 0;

  execute(): string {
    return String((this.calls += 1));
  }
}

function counting(name: string, scope: Scope): Type<McpTool> {
  const made = { [name]: class extends CountingTool {} }[name]!;
  Tool({ name, description: 'Counts its calls.' })(made);
  Injectable({ scope })(made);
  return made;
}

@Injectable({ scope: Scope.REQUEST })
class Unmakeable {
  constructor() {
    throw new Error('postgres://admin:hunter2@db is down');
  }
}

@Tool({ name: 'unmade', description: 'Cannot be made.' })
class UnmadeTool implements McpTool {
  constructor(readonly dependency: Unmakeable) {}

  execute(): string {
    return 'made';
  }
}

let app: TestApp;

beforeAll(async () => {
  app = await startApp({}, [
    Gate,
    Caller,
    Between,
    ScopedTool,
    PassingTool,
    Unmakeable,
    UnmadeTool,
    counting('singleton', Scope.DEFAULT),
    counting('request', Scope.REQUEST),
    counting('transient', Scope.TRANSIENT),
  ]);
});

afterAll(() => app.close());

const WIRES = CLIENTS.filter(({ name }) => /v1|newest/.test(name));

describe.each(WIRES)('what lives as long as a call, by $name', ({ connect }) => {
  let client: McpClient;

  beforeAll(async () => {
    client = await connect(app.url, await app.token());
  });

  afterAll(() => client.close());

  it('is made for the call, for the tool and its guard alike, and knows the call', async () => {
    const before = made;
    expect(await client.call('scoped', { message: 'hi' })).toEqual({
      text: 'true alice, here, hi',
      isError: false,
    });
    expect(made).toBe(before + 1);
  });

  it('is not that of a call at the same time', async () => {
    const gate = app.app.get(Gate, { strict: false });
    const keys = ['one', 'other'].map((key) => `held ${key}, ${made}`);
    const calls = keys.map((message) => client.call('scoped', { message }));
    for (const key of keys.toReversed()) (await gate.held(key)).release('');
    expect((await Promise.all(calls)).map(({ text }) => text)).toEqual(
      keys.map((key) => `true alice, here, ${key}`),
    );
  });

  it('has a guard that is asked', async () => {
    const mallory = await connect(app.url, await app.token('mallory'));
    const result = await mallory.call('scoped', { message: 'hi' });
    await mallory.close();
    expect(result).toEqual({ text: 'Forbidden resource', isError: true });
  });

  it.each(['request', 'transient'])('is a tool of scope %s itself', async (tool) => {
    expect((await client.call(tool)).text).toBe('1');
    expect((await client.call(tool)).text).toBe('1');
    const once = Number((await client.call('singleton')).text);
    expect(Number((await client.call('singleton')).text)).toBe(once + 1);
  });

  it('fails as a handler does, when it cannot be made', async () => {
    const logs = RecordedLogs.of(app);
    const { text, isError } = await client.call('unmade');
    expect(text).toMatch(/^unmade failed; the server's log has it as [0-9a-f-]{36}$/);
    expect(isError).toBe(true);
    expect(logs.events('call.failed')).toHaveLength(1);
  });
});

it('is collected afterwards: 1,000 calls leave nothing behind', async () => {
  const endpoint = await McpEndpoint.open(app.url, await app.token());
  const params = { name: 'passing', arguments: { message: 'x' } };
  for (let sent = 0; sent < 1_000; sent += 50) {
    const batch = Array.from({ length: 50 }, async (_, index) =>
      (await endpoint.call(sent + index, 'tools/call', params)).text(),
    );
    await Promise.all(batch);
  }
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  expect(instances).toHaveLength(3_000);
  expect(instances.filter((instance) => instance.deref() !== undefined).length).toBeLessThan(300);
});
