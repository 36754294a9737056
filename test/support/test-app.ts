import { type DynamicModule, Module, type Provider, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { AppModule } from '../../src/app.module.js';
import { setUp, shutDown } from '../../src/app.setup.js';
import { loadSettings, type Settings } from '../../src/config/index.js';
import { BoundedExpressAdapter } from '../../src/http/index.js';

/** The address by which tokens know the server; the port it listens on is another, chosen by the system. */
export const PUBLIC_URL = 'http://localhost:3001';
export const SECRET = 'a-secret-for-tests-only-0123456789abcdef';

export interface TestApp {
  readonly app: NestExpressApplication;
  readonly settings: Settings;
  /** Where it listens, without a trailing slash. */
  readonly url: string;
  /** A token from the development route. */
  token(username?: string, scope?: string): Promise<string>;
  close(): Promise<void>;
}

/**
 * The whole application on a free port of 127.0.0.1, silent, with `providers` and `imports` in a module of
 * their own.
 */
export async function startApp(
  env: Record<string, string> = {},
  providers: Provider[] = [],
  imports: Type<unknown>[] = [],
): Promise<TestApp> {
  const defaults = { NODE_ENV: 'test', PORT: '0', HOST: '127.0.0.1', PUBLIC_URL, JWT_SECRET: SECRET };
  const settings = loadSettings(
    { ...defaults, LOG_LEVEL: 'silent', LOG_FORMAT: 'json', ...env },
    { directory: tmpdir() },
  );
  const app = await NestFactory.create<NestExpressApplication>(
    withExtras(settings, providers, imports),
    new BoundedExpressAdapter(),
    { abortOnError: false, bodyParser: false, logger: false },
  );
  setUp(app, settings);
  await app.listen(0, '127.0.0.1');
  const url = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
  return {
    app,
    settings,
    url,
    token: (username = 'alice', scope = 'mcp:access') => takeToken(url, username, scope),
    close: () => shutDown(app, 200),
  };
}

/** A token from the development route, as a developer takes one. */
export async function takeToken(url: string, username: string, scope: string): Promise<string> {
  const query = new URLSearchParams({ username, scope });
  const response = await fetch(`${url}/auth/token?${query.toString()}`);
  if (!response.ok) throw new Error(`no token: ${response.status} ${await response.text()}`);
  return ((await response.json()) as { token: string }).token;
}

function withExtras(settings: Settings, providers: Provider[], imports: Type<unknown>[]): DynamicModule {
  return { module: ExtraModule, imports: [AppModule.forRoot(settings), ...imports], providers };
}

@Module({})
class ExtraModule {}
