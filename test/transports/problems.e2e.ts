import { Controller, Get, Module, Res } from '@nestjs/common';
import type { Response } from 'express';
import { Public } from '../../src/auth/index.js';
import { RecordedLogs } from '../support/recorded-logs.js';
import { startApp, type TestApp } from '../support/test-app.js';

const CANARY = 'canary of a controller';

/** As Express and its parsers do it. */
const withStatus = (status: number): Error => Object.assign(new Error(CANARY), { status });

@Public()
@Controller('failing')
class FailingController {
  @Get('late')
  late(@Res() response: Response): never {
    response.writeHead(200, { 'Content-Length': '100' }).write('a part');
    throw new Error(CANARY);
  }

  @Get('client')
  client(): never {
    throw withStatus(413);
  }

  @Get('upstream')
  upstream(): never {
    throw withStatus(502);
  }
}

@Module({ controllers: [FailingController] })
class FailingModule {}

let app: TestApp;
let logs: RecordedLogs;
beforeAll(async () => {
  app = await startApp({}, [], [FailingModule]);
  logs = RecordedLogs.of(app);
});
afterAll(() => app.close());
beforeEach(() => (logs.all.length = 0));

it.each([
  ['client', 413, 'body_too_large', 0],
  ['upstream', 500, 'server_error', 1],
])('an error of a controller for the %s is answered by its status alone: %d', async (path, ...expected) => {
  const response = await fetch(`${app.url}/failing/${path}`);
  const text = await response.text();
  expect(text).not.toContain(CANARY);
  const { error } = JSON.parse(text) as { error: string };
  expect([response.status, error, logs.events('request.failed').length]).toEqual(expected);
});

it('an answer that fails when part of it is sent is cut off, so that no client takes it for whole', async () => {
  const answer = fetch(`${app.url}/failing/late`).then((response) => response.text());
  await expect(answer).rejects.toThrow();
  expect(logs.events('request.failed')).toMatchObject([{ path: '/failing/late', status: 500 }]);
});
