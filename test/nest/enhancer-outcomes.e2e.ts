import {
  BadRequestException,
  type CallHandler,
  type CanActivate,
  Catch,
  type ExceptionFilter,
  type ExecutionContext,
  ForbiddenException,
  Injectable,
  type NestInterceptor,
  type PipeTransform,
  ServiceUnavailableException,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
} from '@nestjs/common';
import { inspect } from 'node:util';
import { catchError, map, type Observable, of, throwError } from 'rxjs';
import { z } from 'zod';
import {
  type CallContext,
  getMcpContext,
  type McpTool,
  Tool,
  ToolError,
  ToolRegistry,
} from '../../src/mcp/index.js';
import { CLIENTS, type McpClient } from '../support/clients.js';
import { Gate } from '../support/gate.tool.js';
import { RecordedLogs } from '../support/recorded-logs.js';
import { connectSdk } from '../support/sdk-client.js';
import { startApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

const input = z.object({ message: z.string() });
type Input = z.infer<typeof input>;

/** Lets alice in, once it has checked that everything is there by which a guard may decide. */
class AliceGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { user, session, input: given, call } = getMcpContext<Input>(context);
    if (context.getType<string>() !== 'mcp' || context.getClass() !== GuardedTool)
      throw new Error('not told what');
    if (context.getHandler() !== GuardedTool.prototype.execute) throw new Error('not told which');
    if (context.getArgs()[0] !== given || context.getArgs()[1] !== call) throw new Error('not the arguments');
    if (session.protocolVersion === '') throw new Error('not told in what session');
    if (given.message === 'why?') throw new ForbiddenException('Only alice may; ask her');
    return user.subject === 'alice';
  }
}

@Tool({ name: 'guarded', description: 'For alice.', input })
@UseGuards(AliceGuard)
class GuardedTool implements McpTool<typeof input> {
  execute({ message }: Input): string {
    return message;
  }
}

class PickyPipe implements PipeTransform<Input, Input> {
  transform({ message }: Input): Input {
    if (message === '') throw new BadRequestException(['message should not be empty', 'nor blank']);
    if (message === 'down') throw new ServiceUnavailableException('postgres://admin:hunter2@db is down');
    return { message: message.trim() };
  }
}

class LoudInterceptor implements NestInterceptor<string, string> {
  intercept(_context: ExecutionContext, next: CallHandler<string>): Observable<string> {
    return next.handle().pipe(
      map((text) => text.toUpperCase()),
      catchError((error: unknown) =>
        error instanceof RangeError ? of('out of range') : throwError(() => error),
      ),
    );
  }
}

/** Takes note, and leaves the exception as it is. */
@Catch()
class SilentFilter implements ExceptionFilter {
  catch(): void {}
}

class Speaking implements McpTool<typeof input> {
  execute({ message }: Input): string {
    if (message === 'range') throw new RangeError('hunter2');
    if (message === 'tell') throw new ToolError('Shout something else');
    if (message === 'break') throw new Error('hunter2');
    return message;
  }
}

@Tool({ name: 'loud', description: 'Shouts.', input })
@UseFilters(SilentFilter)
@UseInterceptors(LoudInterceptor)
@UsePipes(PickyPipe)
class LoudTool extends Speaking {}

@Catch(RangeError)
class RangeFilter implements ExceptionFilter {
  catch(): Promise<string> {
    return Promise.resolve('of range');
  }
}

@Tool({ name: 'filtered', description: 'Has a filter for one error.', input })
@UseFilters(new RangeFilter())
class FilteredTool extends Speaking {}

@Injectable()
class SlowGuard implements CanActivate {
  constructor(private readonly gate: Gate) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const { input: given, call } = getMcpContext<Input>(context);
    await this.gate.hold(given.message, call.signal);
    return true;
  }
}

const reached: string[] = [];

@Tool({ name: 'slow', description: 'Has a guard that takes its time.', input, timeoutMs: 200 })
@UseGuards(SlowGuard)
class SlowTool implements McpTool<typeof input> {
  execute({ message }: Input, _context: CallContext): string {
    reached.push(message);
    return message;
  }
}

let app: TestApp;
let logs: RecordedLogs;

beforeAll(async () => {
  app = await startApp({}, [Gate, GuardedTool, LoudTool, FilteredTool, SlowTool]);
  logs = RecordedLogs.of(app);
  const registry = app.app.get(ToolRegistry, { strict: false });
  registry.add({ name: 'added', description: 'For alice.', input }, new GuardedTool());
});

afterAll(() => app.close());

function failed(text: string) {
  return { text, isError: true };
}

const WIRES = CLIENTS.filter(({ name }) => /v1|newest/.test(name));

describe.each(WIRES)('what enhancers make of a call, by $name', ({ connect }) => {
  let alice: McpClient;
  let bob: McpClient;

  beforeAll(async () => {
    alice = await connect(app.url, await app.token('alice'));
    bob = await connect(app.url, await app.token('bob'));
  });

  afterAll(() => Promise.all([alice.close(), bob.close()]));

  it.each(['guarded', 'added'])('a guard of %s lets in whom it wants to', async (tool) => {
    expect(await alice.call(tool, { message: 'hi' })).toEqual({ text: 'hi', isError: false });
    expect(await bob.call(tool, { message: 'hi' })).toEqual(failed('Forbidden resource'));
    expect(logs.events('call.ended').at(-1)).toMatchObject({ tool, outcome: 'refused', subject: 'bob' });
    expect(await alice.call(tool, { message: 'why?' })).toEqual(failed('Only alice may; ask her'));
  });

  it('a pipe’s complaint reaches the model, what breaks in one does not', async () => {
    expect(await alice.call('loud', { message: '' })).toEqual(
      failed('message should not be empty; nor blank'),
    );
    const { text, isError } = await alice.call('loud', { message: 'down' });
    expect(text).toMatch(/^loud failed; the server's log has it as [0-9a-f-]{36}$/);
    expect(isError).toBe(true);
  });

  it('an interceptor changes the answer, and makes one of an error', async () => {
    expect(await alice.call('loud', { message: ' hi ' })).toEqual({ text: 'HI', isError: false });
    expect(await alice.call('loud', { message: 'range' })).toEqual({ text: 'out of range', isError: false });
  });

  it('what a filter leaves as it is ends as it would without one', async () => {
    logs.all.length = 0;
    expect(await alice.call('loud', { message: 'tell' })).toEqual(failed('Shout something else'));
    expect(inspect(logs.all)).not.toContain('Shout');
    expect(await alice.call('loud', { message: 'break' })).toMatchObject({ isError: true });
    expect(logs.events('call.failed')).toHaveLength(1);
  });

  it('what no filter is for ends as it would without one', async () => {
    logs.all.length = 0;
    expect(await alice.call('filtered', { message: 'range' })).toEqual({ text: 'of range', isError: false });
    expect(await alice.call('filtered', { message: 'tell' })).toEqual(failed('Shout something else'));
    expect(await alice.call('filtered', { message: 'break' })).toMatchObject({ isError: true });
    // In the line that has the reference, and nowhere else.
    expect(logs.all.filter((line) => inspect(line).includes('hunter2'))).toEqual(logs.events('call.failed'));
  });

  it('a guard that takes too long ends in a timeout, and its handler is not reached', async () => {
    const message = `slow ${Math.random()}`;
    expect(await alice.call('slow', { message })).toEqual(failed('slow: The call took longer than it may'));
    const held = await app.app.get(Gate, { strict: false }).held(message);
    expect(held.signal.aborted).toBe(true);
    held.release('');
    const prompt = alice.call('slow', { message: `${message}, again` });
    (await app.app.get(Gate, { strict: false }).held(`${message}, again`)).release('');
    expect((await prompt).text).toBe(`${message}, again`);
    expect(reached).toContain(`${message}, again`);
    expect(reached).not.toContain(message);
  });
});

it('a call that is cancelled while its guard decides does not reach its handler', async () => {
  const client = await connectSdk(app.url, await app.token());
  const controller = new AbortController();
  const call = client.callTool({ name: 'slow', arguments: { message: 'cancelled' } }, undefined, {
    signal: controller.signal,
  });
  const held = await app.app.get(Gate, { strict: false }).held('cancelled');
  controller.abort();
  await expect(call).rejects.toThrow();
  await until(() => held.signal.aborted);
  held.release('');
  await client.callTool({ name: 'test' });
  expect(reached).not.toContain('cancelled');
  await client.close();
});
