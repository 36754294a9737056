import {
  type ArgumentsHost,
  Body,
  type CallHandler,
  type CanActivate,
  Catch,
  ConflictException,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  Get,
  HttpException,
  Module,
  type NestInterceptor,
  NotFoundException,
  Post,
  type Provider,
  Req,
  UseGuards,
  ValidationPipe,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { IsInt, IsString, Min } from 'class-validator';
import type { Response } from 'express';
import { map, type Observable } from 'rxjs';
import { type AuthenticatedRequest, Public } from '../../src/auth/index.js';
import { Readiness } from '../../src/observability/index.js';
import { RecordedLogs } from '../support/recorded-logs.js';
import { startApp, type TestApp } from '../support/test-app.js';
import { type Answer, send } from '../support/wire.js';

class CreateOrder {
  @IsString()
  readonly customer!: string;

  @IsInt()
  @Min(1)
  readonly amount!: number;
}

/** Reads the parsed body and the caller, as guards of Nest applications do. */
class OwnOrderGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { user, body } = context.switchToHttp().getRequest<AuthenticatedRequest>();
    return (body as CreateOrder).customer === user.subject;
  }
}

@Controller('orders')
class OrdersController {
  @Post()
  @UseGuards(OwnOrderGuard)
  create(@Body() order: CreateOrder): object {
    return { made: order, isOrder: order instanceof CreateOrder };
  }

  @Public()
  @Post('open')
  open(@Body() body: unknown): unknown {
    return body;
  }

  @Get('mine')
  mine(@Req() { user }: AuthenticatedRequest): string {
    return user.subject;
  }

  @Get('missing')
  missing(): never {
    throw new NotFoundException('There is no order 7');
  }

  @Get('taken')
  taken(): never {
    throw new ConflictException({ message: 'Order 7 is taken', by: 'bob' });
  }

  @Get('away')
  away(): never {
    throw new HttpException('The warehouse is away', 503);
  }

  @Get('broken')
  broken(): never {
    throw new Error('a password');
  }
}

class WithoutCaller extends Error {}

/** Of the whole application; needs the caller, as one that looks for a tenant. */
class TenantGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<Partial<AuthenticatedRequest>>();
    if (request.user === undefined && request.path === '/orders/mine') throw new WithoutCaller();
    return true;
  }
}

class Wrapping implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map((data: unknown) => ({ data })));
  }
}

@Catch(ConflictException)
class ConflictFilter implements ExceptionFilter<ConflictException> {
  catch(error: ConflictException, host: ArgumentsHost): void {
    host.switchToHttp().getResponse<Response>().status(409).json({ conflict: error.message });
  }
}

@Module({
  controllers: [OrdersController],
  providers: [{ provide: APP_PIPE, useValue: new ValidationPipe({ transform: true, whitelist: true }) }],
})
class OrdersModule {}

const ENHANCERS: Provider[] = [
  { provide: APP_GUARD, useClass: TenantGuard },
  { provide: APP_INTERCEPTOR, useClass: Wrapping },
  { provide: APP_FILTER, useClass: ConflictFilter },
];

@Module({ providers: ENHANCERS })
class EnhancersModule {}

const FORM = ['Content-Type', 'application/x-www-form-urlencoded'];
const JSON_BODY = ['Content-Type', 'application/json'];

async function start(...imports: (typeof OrdersModule)[]): Promise<TestApp> {
  return startApp({ MAX_BODY: '64kb', CORS_METHODS: 'PUT' }, [], [OrdersModule, ...imports]);
}

let app: TestApp;
let token: string;
beforeAll(async () => {
  app = await start();
  token = await app.token('alice');
});
afterAll(() => app.close());

function post(
  path: string,
  body: string,
  headers = JSON_BODY,
  as: string | undefined = token,
): Promise<Answer> {
  return send(app.url + path, { method: 'POST', body, headers, token: as });
}

describe('a controller of a team', () => {
  it('gets its parsed and validated body, after its guard', async () => {
    const { status, json } = await post('/orders', '{"customer":"alice","amount":2,"more":1}');
    expect([status, json]).toEqual([201, { made: { customer: 'alice', amount: 2 }, isOrder: true }]);
    expect((await post('/orders', '{"customer":"bob","amount":2}')).status).toBe(403);
  });

  it('refuses with the messages of its pipe', async () => {
    const { status, json } = await post('/orders', '{"customer":"alice","amount":0}');
    expect([status, json]).toEqual([
      400,
      { statusCode: 400, error: 'Bad Request', message: ['amount must not be less than 1'] },
    ]);
  });

  it('takes forms, and needs no token where it is public', async () => {
    expect(
      (await send(`${app.url}/orders/open`, { method: 'POST', body: 'a=1&b[c]=2', headers: FORM })).json,
    ).toEqual({ a: '1', b: { c: '2' } });
  });

  it('reads nothing for a client without a token', async () => {
    const { status } = await send(`${app.url}/orders`, { method: 'POST', body: '{', headers: JSON_BODY });
    expect(status).toBe(401);
  });

  it.each([
    ['{"a":', 400, 'The body cannot be parsed'],
    [JSON.stringify('x'.repeat(70_000)), 413, 'The body is over 65536 bytes'],
  ])('is not called with a body that cannot be taken', async (body, status, message) => {
    expect((await post('/orders', body)).json).toMatchObject({ statusCode: status, message });
  });

  it('knows the caller', async () => {
    expect((await send(`${app.url}/orders/mine`, { token })).text).toBe('alice');
  });

  it.each([
    ['missing', 404, { statusCode: 404, error: 'Not Found', message: 'There is no order 7' }],
    ['taken', 409, { message: 'Order 7 is taken', by: 'bob' }],
    ['away', 503, { statusCode: 503, message: 'The warehouse is away' }],
    ['broken', 500, { error: 'server_error', error_description: 'The server failed to answer' }],
  ])('keeps the message of an exception, and it is logged: %s', async (path, status, body) => {
    const logs = RecordedLogs.of(app);
    const answer = await send(`${app.url}/orders/${path}`, { token });
    expect([answer.status, answer.json]).toEqual([status, body]);
    const told = [...logs.events('request.refused'), ...logs.events('request.failed')];
    expect(told).toEqual([expect.objectContaining({ path: `/orders/${path}`, status })]);
    expect(JSON.stringify(told, ['detail', 'err', 'message'])).not.toBe('[{}]');
  });

  it('is called from pages by the methods of CORS_METHODS', async () => {
    const headers = ['Origin', 'http://localhost:5173', 'Access-Control-Request-Method', 'PUT'];
    const { headers: answered } = await send(`${app.url}/orders`, { method: 'OPTIONS', headers });
    expect(answered['access-control-allow-methods']).toBe('GET,POST,DELETE,PUT');
  });

  it('leaves addresses that no controller has to the server', async () => {
    const { status, json } = await send(`${app.url}/nothing`, { token });
    expect([status, json]).toMatchObject([404, { error: 'not_found' }]);
  });
});

it.each([
  ['a module after the server', [], [EnhancersModule, OrdersModule]],
  ['the root module, which Nest reads first', ENHANCERS, [OrdersModule]],
])('enhancers of the whole application work in %s', async (_where, providers, imports) => {
  const other = await startApp({}, providers, imports);
  const as = await other.token('alice');
  expect((await send(`${other.url}/orders/mine`, { token: as })).json).toEqual({ data: 'alice' });
  expect((await send(`${other.url}/orders/taken`, { token: as })).json).toEqual({
    conflict: 'Order 7 is taken',
  });
  expect((await send(`${other.url}/health/ready`)).json).toEqual({ status: 'ok' });
  await other.close();
});

it('a check of a team makes the node unready, and ready again', async () => {
  const readiness = app.app.get(Readiness);
  readiness.obstruct('warehouse');
  const { status, json } = await send(`${app.url}/health/ready`);
  expect([status, json]).toEqual([503, { status: 'unavailable', reasons: ['warehouse'] }]);
  readiness.clear('warehouse');
  expect((await send(`${app.url}/health/ready`)).status).toBe(200);
});
