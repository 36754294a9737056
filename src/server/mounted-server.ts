import type { MiddlewareConsumer, Type } from '@nestjs/common';
import { RequestMethod } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express';
import type { Express, NextFunction, Request, Response } from 'express';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RefusalLog } from '../audit/index.js';
import { PROTECTED_RESOURCE_PATH } from '../auth/index.js';
import { basePathOf, type Settings } from '../config/index.js';
import { edge } from '../http/index.js';
import { type CatalogSource, SessionDrain, WiringError } from '../mcp/index.js';
import { type McpServerOptions, settingsOf } from './mcp-server.options.js';
import { ServerModule } from './server.module.js';

/** Used before the application listens. */
const UNKNOWN_ADDRESS = 'http://localhost:3000';

const RESOURCES = ['', '/mcp', '/sse'];

/** The paths at which each application has mounted servers, to refuse two servers at one path. */
const taken = new WeakMap<object, Set<string>>();

/**
 * The server in its own Nest container, mounted in another Nest application. Global enhancers of one do not run in the
 * other.
 */
export class MountedServer {
  private constructor(
    private readonly options: McpServerOptions,
    private readonly app: NestExpressApplication,
    private readonly located: LocatedSettings,
  ) {}

  /** @throws {ConfigurationError} for wrong options. */
  static async create(options: McpServerOptions, catalog: CatalogSource): Promise<MountedServer> {
    const { name, version, title, instructions, path = '' } = options;
    if (!/^(\/[\w.~-]+)*$/.test(path)) {
      throw new WiringError('McpServerModule', `the path "${path}" must begin with / and end without one`);
    }
    if (typeof Promise.withResolvers !== 'function') {
      const reason = `it needs Node 22.12 or later, and this is Node ${process.versions.node}`;
      throw new WiringError('McpServerModule', reason);
    }
    const located = new LocatedSettings(options);
    const root = ServerModule.forSettings(located.settings, { name, version, title, instructions }, catalog);
    const app = await NestFactory.create<NestExpressApplication>(root, new ExpressAdapter(), {
      abortOnError: false,
      bodyParser: false,
    });
    return new MountedServer(options, app, located);
  }

  /** The path below which its routes are: the global prefix of the application, and `path`. */
  get base(): string {
    return this.located.base;
  }

  get<T>(provider: Type<T>): T {
    return this.app.get(provider, { strict: false });
  }

  /** Mounts the routes below the application's global prefix, before its controllers. `host`: its Express. */
  mount(consumer: MiddlewareConsumer, host: Express, globalPrefix: string): void {
    const { path = '', trustedProxies } = this.options;
    const base = `/${globalPrefix}`.replaceAll(/\/+/g, '/').replace(/\/$/, '') + path;
    this.claim(host, base);
    this.located.setBase(base);
    const { http, auth } = this.located.settings;
    this.app.disable('x-powered-by');
    this.app.disable('etag');
    this.app.set('query parser', 'simple');
    this.app.set('trust proxy', trustedProxies ?? host.get('trust proxy fn'));
    this.app.use(edge(http, this.app.get(RefusalLog)));
    const routes = ['/mcp', '/sse', '/message', '/auth/revoke'];
    if (auth.developmentTokens) routes.push('/auth/token');
    for (const route of routes) {
      consumer
        .apply((request: Request, response: Response, next: NextFunction) => {
          if (!endsAt(pathOf(request), path + route)) return next();
          this.serve(request, response, route);
        })
        .forRoutes({ path: path + route, method: RequestMethod.ALL });
    }
    // Discovery starts at the root of the origin, independent of the global prefix. RFC 9728, section 3.1.
    const documents = this.documentsAt(base);
    host.use((request: Request, response: Response, next: NextFunction) => {
      const document = documents.get(pathOf(request));
      if (document === undefined) return next();
      this.serve(request, response, document);
    });
  }

  /** Finds the primitives. Throws {@link WiringError} for an invalid one. */
  async start(server: Server | undefined): Promise<void> {
    if (this.options.publicUrl === undefined) {
      server?.once('listening', () => this.located.setPort((server.address() as AddressInfo | null)?.port));
    }
    await this.app.init();
  }

  /** Ends calls and streams in order, within `shutdownGrace`. */
  async drain(): Promise<void> {
    await this.app.get(SessionDrain).run(this.located.settings.sessions.shutdownGraceMs);
  }

  async close(): Promise<void> {
    await this.app.close();
  }

  private serve(request: Request, response: Response, route: string): void {
    const query = request.originalUrl.indexOf('?');
    request.url = query === -1 ? route : route + request.originalUrl.slice(query);
    request.baseUrl = '';
    this.app.getHttpAdapter().getInstance()(request, response);
  }

  private documentsAt(base: string): ReadonlyMap<string, string> {
    const publicBase = basePathOf(this.located.settings.http.publicUrl);
    const places = new Set([base, publicBase]);
    return new Map(
      RESOURCES.flatMap((resource) => {
        const document = PROTECTED_RESOURCE_PATH + resource;
        return [...places].flatMap((place): [string, string][] => [
          [PROTECTED_RESOURCE_PATH + place + resource, document],
          [place + document, document],
        ]);
      }),
    );
  }

  private claim(host: object, base: string): void {
    const bases = taken.get(host) ?? new Set();
    taken.set(host, bases);
    if (bases.has(base)) {
      const reason = `two servers are mounted at "${base || '/'}"; give one of them another path`;
      throw new WiringError('McpServerModule', reason);
    }
    bases.add(base);
  }
}

/** Settings whose address changes until the application listens. */
class LocatedSettings {
  /** Reads the current values. */
  readonly settings: Settings;
  base: string;
  private address = UNKNOWN_ADDRESS;
  private current: Settings;

  constructor(private readonly options: McpServerOptions) {
    this.base = options.path ?? '';
    this.current = this.read();
    this.settings = {
      ...this.current,
      http: following(() => this.current.http),
      auth: following(() => this.current.auth),
    };
  }

  setBase(base: string): void {
    this.base = base;
    this.current = this.read();
  }

  setPort(port: number | undefined): void {
    if (port === undefined) return;
    this.address = `http://localhost:${port}`;
    this.current = this.read();
  }

  private read(): Settings {
    return settingsOf(this.options, this.address, this.base);
  }
}

/** An object whose properties are read from the current group each time. */
function following<Group extends object>(current: () => Group): Group {
  const names = Object.keys(current()) as (keyof Group)[];
  const properties = names.map((name) => [name, { enumerable: true, get: () => current()[name] }]);
  return Object.defineProperties({}, Object.fromEntries(properties) as PropertyDescriptorMap) as Group;
}

function pathOf({ originalUrl }: Request): string {
  const query = originalUrl.indexOf('?');
  const path = query === -1 ? originalUrl : originalUrl.slice(0, query);
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

/** Express mounts at the beginning of a path; the rest of it belongs to the application. */
function endsAt(path: string, route: string): boolean {
  return path.length >= route.length && path.slice(-route.length).toLowerCase() === route.toLowerCase();
}
