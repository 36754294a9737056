import {
  type ArgumentsHost,
  type CallHandler,
  Catch,
  type ExceptionFilter,
  type ExecutionContext,
  Module,
  type NestInterceptor,
  type PipeTransform,
} from '@nestjs/common';
import { APP_FILTER, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import type { Response } from 'express';
import { map, type Observable } from 'rxjs';
import { startApp, type TestApp } from '../support/test-app.js';
import { type Answer, send } from '../support/wire.js';

/** Wraps what any route returns, as many applications do. */
class Wrapping implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map((data: unknown) => ({ success: true, data })));
  }
}

/** As {@link Wrapping}, of routes that return something. */
class Counting implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map((data: object) => Object.keys(data).length));
  }
}

@Catch()
class WrappingFilter implements ExceptionFilter<unknown> {
  catch(_error: unknown, host: ArgumentsHost): void {
    host.switchToHttp().getResponse<Response>().status(418).json({ success: false });
  }
}

class WrappingPipe implements PipeTransform {
  transform(value: unknown): unknown {
    return { wrapped: value };
  }
}

@Module({
  providers: [
    { provide: APP_INTERCEPTOR, useClass: Wrapping },
    { provide: APP_FILTER, useClass: WrappingFilter },
    { provide: APP_PIPE, useClass: WrappingPipe },
  ],
})
class WrappingModule {}

@Module({ providers: [{ provide: APP_INTERCEPTOR, useClass: Counting }] })
class CountingModule {}

const RESOURCE = '/.well-known/oauth-protected-resource';
const PUBLIC_URL = 'http://localhost:3001/ai';

interface Request {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly token?: boolean;
  readonly accept?: string;
  readonly body?: string;
}

const get = (path: string, status = 200, more: Partial<Request> = {}): Request => ({
  method: 'GET',
  path,
  status,
  ...more,
});
const post = (path: string, status = 200, more: Partial<Request> = {}): Request => ({
  method: 'POST',
  path,
  status,
  ...more,
});

const REQUESTS: readonly Request[] = [
  get('/'),
  get('/', 200, { accept: 'text/html' }),
  get(RESOURCE),
  get(`${RESOURCE}/mcp`),
  get(`${RESOURCE}/ai/sse`),
  get(`/ai${RESOURCE}/mcp`),
  get(`${RESOURCE}/nothing`, 404),
  get(`/nothing${RESOURCE}`, 404),
  { method: 'HEAD', path: `${RESOURCE}/mcp`, status: 200 },
  get('/health/live'),
  get('/health/ready'),
  get('/auth/token?username=alice'),
  get('/auth/token', 400),
  get('/auth/revoke', 405, { token: true }),
  post('/auth/revoke', 401),
  post('/auth/revoke', 400, { token: true, body: '{"what":1}' }),
  post('/auth/revoke', 403, { token: true, body: '{"sub":"bob"}' }),
  post('/auth/revoke', 200, { token: true }),
  get('/sse', 401),
  get('/mcp', 401),
  post('/mcp', 401),
  post('/message', 401),
  post('/mcp', 400, { token: true, body: '{' }),
  { method: 'PUT', path: '/mcp', status: 405, token: true },
];

/** As it was answered, without what differs from one answer to the next. */
function comparable({ status, headers, text }: Answer): unknown {
  const { date: _date, 'content-length': _length, etag: _etag, ...others } = headers;
  return { status, headers: others, text: text.replaceAll(/"ey[\w.-]+"/g, '"token"') };
}

async function answersOf(app: TestApp): Promise<unknown[]> {
  const answers: unknown[] = [];
  for (const { method, path, token, accept = '*/*', body } of REQUESTS) {
    const headers = ['Accept', accept, ...(body === undefined ? [] : ['Content-Type', 'application/json'])];
    const answer = await send(app.url + path, {
      method,
      headers,
      body,
      token: token ? await app.token() : undefined,
    });
    answers.push(comparable(answer));
  }
  return answers;
}

/** The routes as they are alone: what a standard says of them, other tests hold. */
let plain: unknown[];
beforeAll(async () => {
  const app = await startApp({ PUBLIC_URL });
  plain = await answersOf(app);
  await app.close();
});

it('has each kind of answer to compare', () => {
  expect(plain.map((answer) => (answer as Answer).status)).toEqual(REQUESTS.map(({ status }) => status));
});

it.each([
  ['wraps every result, every error and every parameter', WrappingModule],
  ['fails at routes that return nothing', CountingModule],
])('what a standard describes is the same in an application that %s', async (_what, wrapping) => {
  const app = await startApp({ PUBLIC_URL }, [], [wrapping]);
  const answers = await answersOf(app);
  await app.close();
  for (const [index, { method, path }] of REQUESTS.entries()) {
    expect([method, path, answers[index]]).toEqual([method, path, plain[index]]);
  }
});
