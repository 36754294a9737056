import {
  type BeforeApplicationShutdown,
  type DynamicModule,
  type FactoryProvider,
  type MiddlewareConsumer,
  Module,
  type ModuleMetadata,
  type NestModule,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { ApplicationConfig, HttpAdapterHost, LazyModuleLoader, ModulesContainer } from '@nestjs/core';
import type { Express } from 'express';
import type { Server } from 'node:http';
import { TokenIssuer } from '../auth/index.js';
import { PromptRegistry, ResourceRegistry, ToolRegistry, WiringError } from '../mcp/index.js';
import type { McpServerOptions } from './mcp-server.options.js';
import { MountedServer } from './mounted-server.js';

const OPTIONS = Symbol('McpServerOptions');

/** The providers that a module which imports the server can inject. */
const EXPORTED = [ToolRegistry, ResourceRegistry, PromptRegistry, TokenIssuer] as const;

/** Options of {@link McpServerModule} that are made by a factory. */
export interface McpServerAsyncOptions extends Pick<ModuleMetadata, 'imports'> {
  readonly inject?: FactoryProvider['inject'];
  readonly useFactory: (...args: never[]) => McpServerOptions | Promise<McpServerOptions>;
}

/**
 * The MCP server in an existing Nest application on Express: serves the tools, resources and prompts of its modules at
 * `/mcp`, `/sse` and `/message`. It guards only its own routes, and the application's global guards, pipes,
 * interceptors and filters do not run there. Exports the registries of its catalogue, and {@link TokenIssuer}.
 *
 * @throws {ConfigurationError} at start, which names each wrong option.
 * @throws {WiringError} at start, for an application that is not on Express, and for primitives that are wired wrongly.
 */
@Module({})
export class McpServerModule implements NestModule, OnModuleInit, OnModuleDestroy, BeforeApplicationShutdown {
  constructor(
    private readonly server: MountedServer,
    private readonly host: HttpAdapterHost,
    private readonly config: ApplicationConfig,
  ) {}

  static forRoot(options: McpServerOptions): DynamicModule {
    return McpServerModule.forRootAsync({ useFactory: () => options });
  }

  static forRootAsync({ imports = [], inject = [], useFactory }: McpServerAsyncOptions): DynamicModule {
    return {
      module: McpServerModule,
      imports,
      providers: [
        { provide: OPTIONS, inject, useFactory: useFactory as FactoryProvider['useFactory'] },
        {
          provide: MountedServer,
          inject: [OPTIONS, ModulesContainer, LazyModuleLoader, HttpAdapterHost],
          useFactory: create,
        },
        ...EXPORTED.map((provider): FactoryProvider => ({
          provide: provider,
          inject: [MountedServer],
          useFactory: (server: MountedServer) => server.get<object>(provider),
        })),
      ],
      exports: [...EXPORTED],
    };
  }

  configure(consumer: MiddlewareConsumer): void {
    const express: Express = this.host.httpAdapter.getInstance();
    this.server.mount(consumer, express, this.config.getGlobalPrefix());
  }

  async onModuleInit(): Promise<void> {
    const { httpAdapter } = this.host as Partial<HttpAdapterHost>;
    await this.server.start(httpAdapter?.getHttpServer() as Server | undefined);
  }

  async onModuleDestroy(): Promise<void> {
    await this.server.drain();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.server.close();
  }
}

function create(
  options: McpServerOptions,
  modules: ModulesContainer,
  loader: LazyModuleLoader,
  { httpAdapter }: Partial<HttpAdapterHost>,
): Promise<MountedServer> {
  const platform = httpAdapter?.getType() ?? '';
  if (platform !== '' && platform !== 'express') {
    const reason = `it needs @nestjs/platform-express, and this application runs on ${platform}`;
    throw new WiringError('McpServerModule', reason);
  }
  const included: readonly unknown[] | undefined = options.modules;
  const includes =
    included && ((module: { readonly metatype: unknown }) => included.includes(module.metatype));
  return MountedServer.create(options, { modules, loader, includes });
}
