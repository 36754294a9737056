import {
  type CanActivate,
  Injectable,
  Module,
  type PipeTransform,
  type Provider,
  Scope,
  type Type,
  UseGuards,
  UsePipes,
} from '@nestjs/common';
import { DiscoveryModule, DiscoveryService, ModulesContainer, NestFactory } from '@nestjs/core';
import { WiringError } from '../decorators/wiring.error.js';
import type { CallContext } from '../decorators/call-context.js';
import { Tool } from '../decorators/tool.decorator.js';
import { CATALOG_SOURCE } from './catalog-source.js';
import { HandlerFactory } from './handler.factory.js';

const CONTEXT = { signal: new AbortController().signal } as CallContext;
const options = { name: 'any', description: 'Any.' };

const SOURCE: Provider = {
  provide: CATALOG_SOURCE,
  inject: [ModulesContainer],
  useFactory: (modules: ModulesContainer) => ({ modules }),
};

/** The factory in an application with these providers, and the wrapper of one class. */
async function start(providers: Provider[]) {
  @Module({ imports: [DiscoveryModule], providers: [SOURCE, HandlerFactory, ...providers] })
  class AnyModule {}
  const app = await NestFactory.createApplicationContext(AnyModule, { logger: false, abortOnError: false });
  const wrapperOf = (type: Type) =>
    app
      .get(DiscoveryService)
      .getProviders()
      .find(({ metatype }) => metatype === type)!;
  return { app, factory: app.get(HandlerFactory), wrapperOf };
}

class PlainTool {
  readonly answer = { content: [] };

  execute(...args: unknown[]) {
    return { answer: this.answer, args };
  }
}

@Injectable()
class Verdict {
  readonly allowed = true;
}

class AllowGuard implements CanActivate {
  canActivate(): boolean {
    return true;
  }
}

@Injectable()
class AskingGuard implements CanActivate {
  constructor(private readonly verdict: Verdict) {}

  canActivate(): boolean {
    return this.verdict.allowed;
  }
}

@UseGuards(AskingGuard)
class GuardedTool extends PlainTool {}

describe('a method without enhancers', () => {
  it('is called directly: bound, without a promise or a function between', async () => {
    Tool(options)(PlainTool as never);
    const { app, factory, wrapperOf } = await start([PlainTool]);
    const instance = new PlainTool();
    for (const [handler, owner] of [
      [factory.forProvider(wrapperOf(PlainTool), 'execute'), app.get(PlainTool)],
      [factory.forInstance(instance, 'execute'), instance],
    ] as const) {
      // The name that Function.prototype.bind gives.
      expect(handler.name).toBe('bound execute');
      expect('prototype' in handler).toBe(false);
      expect(handler(1, CONTEXT)).toEqual({ answer: owner.answer, args: [1, CONTEXT] });
      expect((handler(1, CONTEXT) as { answer: unknown }).answer).toBe(owner.answer);
    }
    await app.close();
  });

  it('is refused where it is missing, also before an instance exists', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class Shortlived {}
    const { app, factory, wrapperOf } = await start([Shortlived]);
    const refusal = new WiringError('Shortlived', 'it has no execute(); add one');
    expect(() => factory.forProvider(wrapperOf(Shortlived), 'execute')).toThrow(refusal);
    expect(() => factory.forInstance(new Shortlived(), 'execute')).toThrow(refusal);
    await app.close();
  });
});

describe('the guard of an object created outside of Nest', () => {
  it("is a module's instance", async () => {
    const { app, factory } = await start([Verdict, AskingGuard]);
    const handler = factory.forInstance(new GuardedTool(), 'execute');
    await expect(handler(1, CONTEXT)).resolves.toMatchObject({ args: [1, CONTEXT] });
    Object.assign(app.get(Verdict), { allowed: false });
    await expect(handler(1, CONTEXT)).rejects.toThrow('Forbidden resource');
    await app.close();
  });

  it("is Nest's instance for its class, where a module provides that", async () => {
    const { app, factory } = await start([Verdict, GuardedTool]);
    const handler = factory.forInstance(new GuardedTool(), 'execute');
    Object.assign(app.get(Verdict), { allowed: false });
    await expect(handler(1, CONTEXT)).rejects.toThrow('Forbidden resource');
    await app.close();
  });

  it('is created where it has no dependencies', async () => {
    class DenyGuard implements CanActivate {
      canActivate(): boolean {
        return false;
      }
    }
    @UseGuards(AllowGuard, DenyGuard)
    class DeniedTool extends PlainTool {}
    const { app, factory } = await start([]);
    const handler = factory.forInstance(new DeniedTool(), 'execute');
    await expect(handler(1, CONTEXT)).rejects.toThrow('Forbidden resource');
    await app.close();
  });

  it('is not skipped where there is no instance', async () => {
    const { app, factory } = await start([]);
    expect(() => factory.forInstance(new GuardedTool(), 'execute')).toThrow(
      new WiringError(
        'GuardedTool',
        'Nest does not know its AskingGuard; list AskingGuard among the providers of a module',
      ),
    );
    await app.close();
  });

  it.each([Scope.REQUEST, Scope.TRANSIENT])('is refused with scope %d', async (scope) => {
    @Injectable({ scope })
    class ScopedGuard extends AllowGuard {}
    @UseGuards(ScopedGuard)
    class ScopedTool extends PlainTool {}
    const { app, factory } = await start([ScopedGuard]);
    expect(() => factory.forInstance(new ScopedTool(), 'execute')).toThrow(
      'Class ScopedTool: its ScopedGuard is no singleton, and Nest has not made this object; change the scope',
    );
    await app.close();
  });

  it('is refused where it is not created yet', async () => {
    @Injectable()
    class HastyService {
      constructor(handlers: HandlerFactory) {
        handlers.forInstance(new GuardedTool(), 'execute');
      }
    }
    await expect(start([Verdict, GuardedTool, HastyService])).rejects.toThrow(
      'Class GuardedTool: its AskingGuard is not created yet; add the object in onModuleInit() or later',
    );
  });

  it("also guards a provider that is a value or a factory's result", async () => {
    const { app, factory } = await start([
      { provide: 'value', useValue: new GuardedTool() },
      { provide: 'made', useFactory: () => new GuardedTool() },
    ]);
    const wrappers = app
      .get(DiscoveryService)
      .getProviders()
      .filter(({ token }) => token === 'value' || token === 'made');
    expect(wrappers).toHaveLength(2);
    for (const wrapper of wrappers) {
      expect(() => factory.forProvider(wrapper, 'execute')).toThrow(/does not know its AskingGuard/);
    }
    await app.close();
  });
});

it('a transient guard of a singleton is its own, and stays', async () => {
  const asked: unknown[] = [];
  @Injectable({ scope: Scope.TRANSIENT })
  class TransientGuard extends AskingGuard {
    override canActivate(): boolean {
      asked.push(this);
      return super.canActivate();
    }
  }
  @UseGuards(TransientGuard)
  class OneTool extends PlainTool {}
  @UseGuards(TransientGuard)
  class OtherTool extends PlainTool {}
  for (const type of [OneTool, OtherTool]) Tool(options)(type as never);
  const { app, factory, wrapperOf } = await start([Verdict, OneTool, OtherTool]);
  for (const type of [OneTool, OtherTool]) {
    const handler = factory.forProvider(wrapperOf(type), 'execute');
    await handler(1, CONTEXT);
    await expect(handler(1, CONTEXT)).resolves.toMatchObject({ args: [1, CONTEXT] });
  }
  const [one, again, other] = asked;
  expect(again).toBe(one);
  expect(other).not.toBe(one);
  await app.close();
});

it('pipes get the input, never the context', async () => {
  const seen: unknown[] = [];
  class NotingPipe implements PipeTransform {
    transform(value: unknown, metadata: unknown) {
      seen.push([value, metadata]);
      return 'piped';
    }
  }
  @UsePipes(NotingPipe)
  class PipedTool extends PlainTool {}
  const { app, factory } = await start([]);
  const result = await factory.forInstance(new PipedTool(), 'execute')('input', CONTEXT);
  expect(result).toMatchObject({ args: ['piped', CONTEXT] });
  expect(seen).toEqual([['input', expect.objectContaining({ type: 'body' })]]);
  await app.close();
});
