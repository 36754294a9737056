import {
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  Catch,
  createParamDecorator,
  type ExceptionFilter,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
  Scope,
  type Type,
  UseFilters,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import { EMPTY, type Observable } from 'rxjs';
import { z } from 'zod';
import { getMcpContext, Prompt, Resource, Tool, ToolRegistry } from '../../src/mcp/index.js';
import { type EraClient, ERAS } from '../support/eras/index.js';
import { RecordedLogs } from '../support/recorded-logs.js';
import { startApp, type TestApp } from '../support/test-app.js';

/** Of an HTTP request the token decides it; of a call it would be what the caller has sent. */
type Claimed = { user?: unknown };

/** How code that was written for another transport reaches for the user. */
const WAYS: Record<string, (host: ArgumentsHost) => Claimed> = {
  switchToHttp: (host) => host.switchToHttp().getRequest<Claimed>(),
  switchToRpc: (host) => host.switchToRpc().getData<Claimed>(),
  switchToWs: (host) => host.switchToWs().getClient<Claimed>(),
  getArgByIndex: (host) => host.getArgByIndex<Claimed>(0),
};

const input = z.object({ user: z.string() });
const description = 'For alice.';
const reached: unknown[] = [];

class Handling {
  execute(_input: object, _context: object, ...claimed: unknown[]): string {
    reached.push(claimed);
    return 'reached';
  }

  read(): string {
    return this.execute({}, {});
  }

  render(): string {
    return this.execute({}, {});
  }
}

/** Each enhancer that sees a context, put on a class. */
const ENHANCERS: Record<string, (way: (host: ArgumentsHost) => Claimed, target: Type) => void> = {
  guard: (way, target) => {
    @Injectable()
    class HttpGuard implements CanActivate {
      canActivate(context: ExecutionContext): boolean {
        return way(context).user === 'alice';
      }
    }
    UseGuards(HttpGuard)(target);
  },
  interceptor: (way, target) => {
    class HttpInterceptor implements NestInterceptor {
      intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
        return way(context).user === 'alice' ? next.handle() : EMPTY;
      }
    }
    UseInterceptors(new HttpInterceptor())(target);
  },
  parameter: (way, target) => {
    const User = createParamDecorator((_data: unknown, context: ExecutionContext) => way(context).user);
    for (const method of ['execute', 'read', 'render']) User()(target.prototype as object, method, 2);
  },
  filter: (way, target) => {
    @Catch()
    class HttpFilter implements ExceptionFilter<unknown> {
      catch(_error: unknown, host: ArgumentsHost): unknown {
        return way(host).user === 'alice' ? 'reached' : 'denied';
      }
    }
    UseFilters(HttpFilter)(target);
    (target.prototype as Handling).execute = () => {
      throw new Error('it failed');
    };
  },
};

const cases = Object.keys(ENHANCERS).flatMap((enhancer) =>
  Object.keys(WAYS).map((way) => ({ enhancer, way })),
);

function enhanced(enhancer: string, way: string): Type<Handling> {
  const made = class extends Handling {
    override execute(...args: [object, object, ...unknown[]]): string {
      return super.execute(...args);
    }
  };
  ENHANCERS[enhancer]!(WAYS[way]!, made);
  return made;
}

const providers = cases.flatMap(({ enhancer, way }) => {
  const name = `${enhancer}-${way}`;
  const [tool, scoped, resource, prompt] = Array.from({ length: 4 }, () => enhanced(enhancer, way));
  Tool({ name, description, input })(tool as Type<never>);
  Tool({ name: `${name}-scoped`, description, input })(scoped as Type<never>);
  Injectable({ scope: Scope.REQUEST })(scoped!);
  Resource({ name, uriTemplate: `${name.toLowerCase()}://{user}` })(resource as Type<never>);
  Prompt({ name, args: input })(prompt as Type<never>);
  return [tool!, scoped!, resource!, prompt!];
});

/** Serves controllers and tools: it asks first. */
class CarefulGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const claimed =
      context.getType<string>() === 'mcp'
        ? getMcpContext(context)
        : context.switchToHttp().getRequest<Claimed>();
    return (claimed.user as { subject?: unknown }).subject === 'alice';
  }
}

@Tool({ name: 'careful', description, input })
@UseGuards(CarefulGuard)
class CarefulTool extends Handling {}

let app: TestApp;
beforeAll(async () => {
  app = await startApp({}, [...providers, CarefulTool]);
  const registry = app.app.get(ToolRegistry, { strict: false });
  for (const { enhancer, way } of cases) {
    registry.add({ name: `${enhancer}-${way}-added`, description, input }, new (enhanced(enhancer, way))());
  }
});
afterAll(() => app.close());

describe.each(ERAS)('$name: code that was written for HTTP', ({ connect }) => {
  let mallory: EraClient;
  beforeAll(async () => {
    mallory = await connect(app.url, await app.token('mallory'));
  });
  afterAll(() => mallory.close());

  it.each(cases)(
    'does not take the arguments for the request: $enhancer, $way()',
    async ({ enhancer, way }) => {
      const name = `${enhancer}-${way}`;
      const claim = { user: 'alice' };
      const requests: [string, Record<string, unknown>][] = [
        ...['', '-scoped', '-added'].map((kind): [string, Record<string, unknown>] => [
          'tools/call',
          { name: name + kind, arguments: claim },
        ]),
        ['resources/read', { uri: `${name.toLowerCase()}://alice` }],
        ['prompts/get', { name, arguments: claim }],
      ];
      for (const [index, [method, params]] of requests.entries()) {
        reached.length = 0;
        const logs = RecordedLogs.of(app);
        const reply = await mallory.request(`${name} ${index}`, method, params);
        expect(reached).toEqual([]);
        expect(JSON.stringify(reply)).toMatch(/"isError":true|"error":\{/);
        expect(JSON.stringify(reply)).not.toMatch(/getMcpContext|alice/);
        const [{ err }] = logs.events('call.failed') as unknown as [{ err: Error }];
        expect(err.message).toMatch(new RegExp(`^${way}\\(\\) .* Use getMcpContext\\(context\\)`));
      }
    },
  );

  it('that asks for the type of the context first knows the caller', async () => {
    const alice = await connect(app.url, await app.token('alice'));
    const params = { name: 'careful', arguments: { user: 'alice' } };
    expect(JSON.stringify(await mallory.request('not alice', 'tools/call', params))).toContain('Forbidden');
    expect(JSON.stringify(await alice.request('alice', 'tools/call', params))).toContain('reached');
    alice.close();
  });
});
