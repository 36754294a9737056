import { ConsoleLogger, type INestApplication, type LogLevel, type ModuleMetadata } from '@nestjs/common';
import { Test, type TestingModuleBuilder } from '@nestjs/testing';
import { randomBytes } from 'node:crypto';
import type { AddressInfo, Server } from 'node:net';
import { ACCESS_SCOPE, TokenIssuer } from '../auth/index.js';
import {
  type McpServerAuth,
  McpServerModule,
  type McpServerOptions,
  MountedServer,
} from '../server/index.js';
import { type Era, McpTestClient } from './mcp-test.client.js';

/** Without warnings: a test may load classes that none of its modules lists. */
const LEVELS: LogLevel[] = ['error', 'fatal'];

/** Options of {@link startMcpTestApp}. */
export interface McpTestAppOptions extends Pick<ModuleMetadata, 'imports' | 'providers' | 'controllers'> {
  /** Options of the server; `false` if a module of `imports` imports `McpServerModule`. */
  readonly server?: (Omit<Partial<McpServerOptions>, 'auth'> & { readonly auth?: McpServerAuth }) | false;
  /** Replaces providers, such as the one that connects to a database: `(app) => app.overrideProvider(…).useValue(…)`. */
  readonly override?: (builder: TestingModuleBuilder) => TestingModuleBuilder;
  /** Called before the application listens, for example to set a global prefix or pipes. */
  readonly configure?: (app: INestApplication) => void;
}

/** The caller of a test. */
export interface TestCaller {
  /** Default: `alice`. */
  readonly subject?: string;
  /** In addition to `mcp:access`. */
  readonly scopes?: readonly string[];
  readonly roles?: readonly string[];
  /** Claims of the token; `server.auth.claims` must name them. */
  readonly claims?: Readonly<Record<string, unknown>>;
}

/** The server on a free port of 127.0.0.1, with the guard, the limits and the transports of production. */
export class McpTestApp {
  private readonly clients = new Set<McpTestClient>();

  constructor(
    readonly app: INestApplication,
    /** Base URL of its routes, such as `${url}/mcp`. */
    readonly url: string,
  ) {}

  /** A token that the server accepts, for one hour. */
  async token({ subject = 'alice', scopes = [], roles, claims }: TestCaller = {}): Promise<string> {
    const { token } = await this.app.get(TokenIssuer, { strict: false }).issue({
      subject,
      scope: [ACCESS_SCOPE, ...scopes].join(' '),
      ttlSeconds: 3_600,
      ...(roles === undefined ? {} : { roles }),
      ...(claims === undefined ? {} : { claims }),
    });
    return token;
  }

  /** A connected client; it is closed with the application. */
  async connect(era: Era, caller?: TestCaller): Promise<McpTestClient> {
    const client = await McpTestClient.connect(era, this.url, await this.token(caller));
    this.clients.add(client);
    return client;
  }

  async close(): Promise<void> {
    await Promise.all([...this.clients].map((client) => client.close()));
    await this.app.close();
  }
}

/** Starts modules with the MCP server, as an application does. Close it after the test. */
export async function startMcpTestApp({
  imports = [],
  providers = [],
  controllers = [],
  server = {},
  override = (builder) => builder,
  configure = () => undefined,
}: McpTestAppOptions): Promise<McpTestApp> {
  const mounted = server === false ? [] : [McpServerModule.forRoot(withDefaults(server))];
  const builder = Test.createTestingModule({ imports: [...imports, ...mounted], providers, controllers });
  const module = await override(builder).compile();
  // Not a list of levels: Nest would apply it to all applications of the process.
  const app = module.createNestApplication({ logger: new ConsoleLogger({ logLevels: LEVELS }) });
  configure(app);
  await app.listen(0, '127.0.0.1');
  const { port } = (app.getHttpServer() as Server).address() as AddressInfo;
  return new McpTestApp(app, `http://127.0.0.1:${port}${app.get(MountedServer, { strict: false }).base}`);
}

function withDefaults({
  auth,
  ...options
}: Exclude<McpTestAppOptions['server'], false | undefined>): McpServerOptions {
  const secret = randomBytes(32).toString('base64url');
  return { name: 'test', version: '1.0.0', shutdownGrace: '0s', ...options, auth: { secret, ...auth } };
}
