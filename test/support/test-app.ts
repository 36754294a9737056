import { type DynamicModule, Module, type Provider, type Type } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Test, type TestingModule } from '@nestjs/testing';
import { PARAMS_PROVIDER_TOKEN, type Params } from 'nestjs-pino';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { AppModule } from '../../src/app.module.js';
import { APP_OPTIONS, closeHttpApp, configureHttpApp } from '../../src/bootstrap/http-app.js';
import { LOG_SETTINGS, loadSettings, type LogSettings, type Settings } from '../../src/config/index.js';
import { BoundedExpressAdapter } from '../../src/http/index.js';
import { logParams } from '../../src/observability/log.options.js';
import { EchoTool } from '../../src/tools/echo.tool.js';
import { GetTimeTool } from '../../src/tools/get-time.tool.js';
import { RandomNumberTool } from '../../src/tools/random-number.tool.js';
import { TestTool } from '../../src/tools/test.tool.js';
import { SECRET } from '../canary/canaries.js';
import { journalErrors } from '../canary/error.journal.js';
import { journal, journalFile } from '../canary/journal.js';

/** The server's address in tokens. It listens on another port, which the system chooses. */
export const PUBLIC_URL = 'http://localhost:3001';
export { SECRET };

/** Applications that a failed test may have left running: the test run would not end. */
const running = new Set<NestExpressApplication>();
afterAll(() => Promise.all([...running].map(stop)));

export interface TestApp {
  readonly app: NestExpressApplication;
  readonly settings: Settings;
  /** Its base URL, without a trailing slash. */
  readonly url: string;
  /** A token from the development route. */
  token(username?: string, scope?: string): Promise<string>;
  close(): Promise<void>;
}

/**
 * The whole application on a free port of 127.0.0.1, or on `port`, with `providers` and `imports` in a separate module,
 * and the four tools. Modules of a team are not loaded, since they may need services that this machine lacks. Its
 * output goes to the journals of the run, which are searched for canaries.
 */
export async function startApp(
  env: Record<string, string> = {},
  providers: Provider[] = [],
  imports: Type<unknown>[] = [],
  port = 0,
): Promise<TestApp> {
  const defaults = {
    NODE_ENV: 'test',
    PORT: '0',
    HOST: '127.0.0.1',
    PUBLIC_URL,
    JWT_SECRET: SECRET,
    AUTH_DEV_SCOPES: '*',
  };
  const settings = loadSettings(
    {
      ...defaults,
      LOG_LEVEL: 'debug',
      LOG_FORMAT: 'json',
      AUDIT_LOG: journalFile('audit') ?? 'off',
      AUDIT_SYNC: 'on',
      ...env,
    },
    { directory: tmpdir() },
  );
  const module = await compile(withExtras(settings, providers, imports));
  const app = module.createNestApplication<NestExpressApplication>(new BoundedExpressAdapter(), {
    ...APP_OPTIONS,
    logger: false,
  });
  app.use(journalErrors);
  configureHttpApp(app, settings);
  await app.listen(port, '127.0.0.1').catch(async (error: unknown) => {
    // Otherwise its audit file, and the listeners of the process for that, stay.
    await app.close();
    throw error;
  });
  running.add(app);
  const url = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
  return {
    app,
    settings,
    url,
    token: (username = 'alice', scope = 'mcp:access') => takeToken(url, username, scope),
    close: () => stop(app),
  };
}

async function stop(app: NestExpressApplication): Promise<void> {
  running.delete(app);
  await closeHttpApp(app, 200);
}

/** Gets a token from the development route. */
export async function takeToken(url: string, username: string, scope: string): Promise<string> {
  const query = new URLSearchParams({ username, scope });
  const response = await fetch(`${url}/auth/token?${query.toString()}`);
  if (!response.ok) throw new Error(`no token: ${response.status} ${await response.text()}`);
  return ((await response.json()) as { token: string }).token;
}

function compile(root: DynamicModule): Promise<TestingModule> {
  return Test.createTestingModule({ imports: [root] })
    .setLogger({ log: () => {}, warn: () => {}, error: () => {} })
    .overrideProvider(PARAMS_PROVIDER_TOKEN)
    .useFactory({ inject: [LOG_SETTINGS], factory: journalled })
    .compile();
}

/** The real logger, with another destination. */
async function journalled(settings: LogSettings): Promise<Params> {
  const { pinoHttp, ...params } = await logParams(settings);
  const [options] = pinoHttp as [object, unknown];
  return { ...params, pinoHttp: [options, { write: (line: string) => journal('log', line) }] };
}

function withExtras(settings: Settings, providers: Provider[], imports: Type<unknown>[]): DynamicModule {
  return {
    module: ExtraModule,
    imports: [AppModule.forRoot(settings, [FourToolsModule]), ...imports],
    providers,
  };
}

@Module({})
class ExtraModule {}

@Module({ providers: [TestTool, EchoTool, GetTimeTool, RandomNumberTool] })
class FourToolsModule {}
