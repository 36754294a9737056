import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import { tracingChannel } from 'node:diagnostics_channel';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DirectRoutes } from './bounded-express.adapter.js';

/** The properties of a routed request that a handler, guard or interceptor may read. */
function seen(request: Request, response: Response): object {
  const { method, url, originalUrl, baseUrl, path, params, query } = request;
  return {
    request: { method, url, originalUrl, baseUrl, path, params, query },
    route: (request.route as { readonly path: string }).path,
    next: typeof request.next,
    locals: Object.keys(response.locals),
    isLinked: request.res === response && response.req === request,
  };
}

let app: Express;
let server: Server;
/** Requests that Express routed. */
let searched: number;

/** Listens. `direct`: with {@link DirectRoutes}. */
async function serve(direct = true): Promise<string> {
  const counted = ((request: Request, response: Response) => {
    searched += 1;
    app(request, response);
  }) as unknown as Express;
  Object.defineProperty(counted, 'router', { get: () => app.router });
  const routes = new DirectRoutes(counted, ['/mcp', '/message']);
  server = createServer((request, response) => {
    Object.setPrototypeOf(request, app.request as object);
    Object.setPrototypeOf(response, app.response as object);
    if (direct) routes.handle(request as Request, response as Response);
    else counted(request as Request, response as Response);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function post(url: string): Promise<unknown> {
  const response = await fetch(url, { method: 'POST' });
  const text = await response.text();
  return response.ok ? JSON.parse(text) : response.status;
}

beforeEach(() => {
  searched = 0;
  app = express();
  app.use((_request: Request, response: Response, next: NextFunction) => {
    response.locals['first'] = true;
    next();
  });
});

afterEach(async () => {
  await new Promise((resolve) => server.close(resolve));
});

function answerOn(path: string): void {
  app.post(path, (request, response) => void response.json(seen(request, response)));
}

it('gives a handler the request as Express does', async () => {
  const direct = await serve();
  answerOn('/message');
  const found = await post(`${direct}/message?sessionId=a%20b`);
  expect(searched).toBe(0);
  await new Promise((resolve) => server.close(resolve));
  expect(await post(`${await serve(false)}/message?sessionId=a%20b`)).toEqual(found);
  expect(searched).toBe(1);
});

it.each(['/MCP', '/mcp/', '/other', '/mcp/more'])('leaves POST %s to Express', async (path) => {
  const url = await serve();
  answerOn('/mcp');
  answerOn('/other');
  await post(url + path);
  expect(searched).toBe(1);
});

it('leaves other methods to Express', async () => {
  const url = await serve();
  answerOn('/mcp');
  app.get('/mcp', (_request, response) => void response.json('read'));
  expect(await (await fetch(`${url}/mcp`)).json()).toBe('read');
  expect(searched).toBe(1);
});

it('leaves a route with a further middleware to Express, also where it is added late', async () => {
  const url = await serve();
  app.use('/mcp', (_request: Request, response: Response, next: NextFunction) => {
    response.locals['further'] = true;
    next();
  });
  answerOn('/mcp');
  answerOn('/message');
  expect(await post(`${url}/mcp`)).toMatchObject({ locals: ['first', 'further'] });
  expect(searched).toBe(1);
  expect(await post(`${url}/message`)).toMatchObject({ locals: ['first'] });
  expect(searched).toBe(1);
});

it('calls the route that Express would call', async () => {
  const url = await serve();
  app.all('/m{c}p', (_request, response) => void response.json('all'));
  answerOn('/mcp');
  expect(await post(`${url}/mcp`)).toBe('all');
});

it('lets Express respond where the middleware throws or reports an error', async () => {
  app.use((request: Request, _response: Response, next: NextFunction) => {
    if (request.query['how'] === 'throws') throw new RangeError('thrown');
    if (request.query['how'] === 'reports') return next(new RangeError('reported'));
    next();
  });
  app.use((error: Error, _request: Request, response: Response, _next: NextFunction) => {
    response.status(200).json(error.message);
  });
  const url = await serve();
  answerOn('/mcp');
  expect(await post(`${url}/mcp?how=throws`)).toBe('thrown');
  expect(await post(`${url}/mcp?how=reports`)).toBe('reported');
  expect(await post(`${url}/mcp?how=well`)).toMatchObject({ route: '/mcp' });
});

it('leaves all routes to Express while its router is traced', async () => {
  const url = await serve();
  answerOn('/mcp');
  const traced = jest.fn();
  const channel = tracingChannel('express.router.request');
  channel.start.subscribe(traced);
  try {
    await post(`${url}/mcp`);
  } finally {
    channel.start.unsubscribe(traced);
  }
  expect(searched).toBe(1);
  expect(traced).toHaveBeenCalled();
});
