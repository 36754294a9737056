import {
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  Catch,
  type ExceptionFilter,
  type ExecutionContext,
  type NestApplicationOptions,
  type NestInterceptor,
  ValidationPipe,
  VersioningType,
} from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import type { Request, Response } from 'express';
import passport from 'passport';
import { map, type Observable } from 'rxjs';
import { z } from 'zod';
import { ToolRegistry } from '../../src/index.js';
import { ERAS } from '../support/eras/index.js';
import {
  ANSWERS,
  callInAllEras,
  CountOrdersTool,
  HostController,
  Orders,
  providers,
  server,
  start,
  tokenOf,
  URL_OF_HOST,
} from '../support/host.js';
import { send } from '../support/wire.js';

/** What a host has for its whole application. None of it knows MCP. */
class Refusing implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return context.getClass() === HostController;
  }
}
class Wrapping implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map((data: unknown) => ({ data })));
  }
}
@Catch()
class Hiding implements ExceptionFilter<unknown> {
  catch(_error: unknown, host: ArgumentsHost): void {
    host.switchToHttp().getResponse<Response>().status(418).json({ hidden: true });
  }
}
const ENHANCERS = [
  { provide: APP_GUARD, useClass: Refusing },
  { provide: APP_INTERCEPTOR, useClass: Wrapping },
  { provide: APP_FILTER, useClass: Hiding },
  { provide: APP_PIPE, useValue: new ValidationPipe({ whitelist: true, forbidNonWhitelisted: true }) },
];

describe.each([
  ['with Nest’s body parser', {}],
  ['without a body parser', { bodyParser: false }],
  ['with the raw body kept', { rawBody: true }],
])('in an application %s', (_how, options: NestApplicationOptions) => {
  it('answers calls of all eras', async () => {
    const { url } = await start({ imports: [server()], providers }, options);
    expect(await callInAllEras(url, await tokenOf())).toEqual(ANSWERS);
  });
});

it('leaves the application its own routes, with validation and guard', async () => {
  const pipe = { provide: APP_PIPE, useValue: new ValidationPipe() };
  const { url } = await start({ imports: [server()], providers: [...providers, pipe] });
  expect((await send(url)).text).toBe('Hello World!');
  const order = (headers: string[], body: string) =>
    send(`${url}/orders`, {
      method: 'POST',
      headers: ['Content-Type', 'application/json', ...headers],
      body,
    });
  expect((await order([], '{"amount":1}')).status).toBe(403);
  expect((await order(['X-Key', 'host'], '{"amount":1}')).json).toEqual({ amount: 1 });
  expect((await order(['X-Key', 'host'], '{"amount":"x"}')).status).toBe(400);
  expect((await send(`${url}/nothing`)).json).toMatchObject({ message: 'Cannot GET /nothing' });
});

/** Passport keeps one strategy of each name in a process. */
function strategy(): unknown {
  return (passport as unknown as { _strategies: Record<string, unknown> })['_strategies']['jwt'];
}

it('is not touched by what the host has for its whole application, and touches none of it', async () => {
  const before = strategy();
  const { url } = await start({ imports: [server()], providers: [...providers, ...ENHANCERS] });
  expect(await callInAllEras(url, await tokenOf())).toEqual(ANSWERS);
  const document = await send(`${url}/.well-known/oauth-protected-resource/mcp`);
  expect(document.json).toMatchObject({ resource: `${URL_OF_HOST}/mcp`, resource_name: 'orders' });
  const refused = await send(`${url}/mcp`, { method: 'POST', body: '{}' });
  expect([refused.status, refused.headers['www-authenticate']]).toEqual([
    401,
    expect.stringContaining(`resource_metadata="${URL_OF_HOST}/.well-known/oauth-protected-resource/mcp"`),
  ]);
  expect((await send(url)).json).toEqual({ data: 'Hello World!' });
  expect((await send(`${url}/nothing`)).json).toEqual({ hidden: true });
  expect(strategy()).toBe(before);
});

it('is below the global prefix and its own path, and discovery at the root', async () => {
  const { url } = await start({ imports: [server({ path: '/ai' })], providers }, {}, (app) => {
    app.setGlobalPrefix('api/v1');
    app.enableVersioning({ type: VersioningType.URI });
  });
  expect(await callInAllEras(`${url}/api/v1/ai`, await tokenOf())).toEqual(ANSWERS);
  expect((await send(`${url}/api/v1`)).text).toBe('Hello World!');
  const base = `${URL_OF_HOST}/api/v1/ai`;
  const document = await send(`${url}/.well-known/oauth-protected-resource/api/v1/ai/mcp`);
  expect(document.json).toMatchObject({ resource: `${base}/mcp` });
  const refused = await send(`${url}/api/v1/ai/sse`);
  expect(refused.headers['www-authenticate']).toContain(
    `"${URL_OF_HOST}/.well-known/oauth-protected-resource/api/v1/ai/sse"`,
  );
  for (const path of ['/mcp', '/ai/mcp', '/api/v1/mcp', '/api/v1/ai/mcp/more']) {
    expect([path, (await send(url + path)).status]).toEqual([path, 404]);
  }
});

it('leaves the environment of the host alone', async () => {
  const variables = { JWT_WHATEVER: '1', SESSION_COOKIE: '2', JWT_SECRET: 'of the host' };
  Object.assign(process.env, variables);
  const { app } = await start({
    imports: [server(), ConfigModule.forRoot({ ignoreEnvFile: true })],
    providers,
  });
  expect(process.env).toMatchObject(variables);
  expect(app.get(ConfigService).get('JWT_SECRET')).toBe('of the host');
  for (const name of Object.keys(variables)) delete process.env[name];
});

it('has the limits of a body that the host has parsed', async () => {
  const { url } = await start({ imports: [server({ maxBody: '2kb' })], providers });
  const post = async (body: string) => {
    const headers = ['Content-Type', 'application/json', 'Accept', 'application/json, text/event-stream'];
    const { status, json } = await send(`${url}/mcp`, {
      method: 'POST',
      body,
      headers,
      token: await tokenOf(),
    });
    return [status, (json as { error: { message: string } }).error.message];
  };
  expect(await post(`{"a":"${'x'.repeat(3000)}"}`)).toEqual([413, 'The body is over 2048 bytes']);
  expect(await post(`{"a":${'['.repeat(70)}${']'.repeat(70)}}`)).toEqual([
    400,
    'The message nests deeper than 64 levels',
  ]);
});

it('tells of a body that something else has read', async () => {
  const { url } = await start({ imports: [server()], providers }, { bodyParser: false }, (app) =>
    app.use(async (request: Request, _response: Response, next: () => void) => {
      for await (const chunk of request) void chunk;
      next();
    }),
  );
  const headers = ['Content-Type', 'application/json'];
  const { status, json } = await send(`${url}/mcp`, {
    method: 'POST',
    body: '{}',
    headers,
    token: await tokenOf(),
  });
  expect([status, json]).toMatchObject([
    500,
    { error: { message: expect.stringMatching(/^The body was read before/) } },
  ]);
});

it('gives the host the registries of its catalogue', async () => {
  const { app, url } = await start({ imports: [server()], providers: [Orders] });
  app
    .get(ToolRegistry, { strict: false })
    .add(
      { name: 'count-orders', description: 'Added.', input: z.object({ plus: z.number() }) },
      new CountOrdersTool(app.get(Orders)),
    );
  expect(await callInAllEras(url, await tokenOf())).toEqual(ANSWERS);
});

it('closes with the host, and ends its streams', async () => {
  const { app, url } = await start({ imports: [server()], providers });
  const client = await ERAS[0]!.connect(url, await tokenOf());
  await app.close();
  client.close();
});
