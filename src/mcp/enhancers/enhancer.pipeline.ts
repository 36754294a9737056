import type { ArgumentsHost, Type } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import { ApplicationConfig, type ContextId, ExternalContextCreator, type NestContainer } from '@nestjs/core';
import type { GuardsConsumer } from '@nestjs/core/guards/guards-consumer.js';
import type { ContextUtils } from '@nestjs/core/helpers/context-utils.js';
import type { ExternalErrorProxy } from '@nestjs/core/helpers/external-proxy.js';
import type { InterceptorsConsumer } from '@nestjs/core/interceptors/interceptors-consumer.js';
import type { Handler } from './handler.js';
import type { CallContext } from '../decorators/call-context.js';
import type { EnhancerInstances } from './enhancer.instances.js';
import type { Enhancers } from './enhancers.js';
import { MCP_CONTEXT_TYPE } from './mcp-context.js';
import { McpExecutionContext } from './mcp-execution-context.js';
import { UnansweredFilter } from './unanswered.filter.js';

type Parameters = ReturnType<ReturnType<ExternalContextCreator['getMetadata']>['getParamsMetadata']>;

/** The parameter that pipes do not process. */
const CONTEXT = 'mcp:context';

/** The arguments of a method without parameter decorators: `(input, context)`. */
const POSITIONS: Parameters = [
  { index: 0, type: RouteParamtypes.BODY, extractValue: (input: unknown) => input },
  { index: 1, type: CONTEXT, extractValue: (_input: unknown, context: CallContext) => present(context) },
].map((position) => ({ ...position, data: undefined as never, pipes: [] }));

/** A per-call instance, or a shared one where both are left out. */
export interface Lifetime {
  readonly contextId?: ContextId;
  /** The provider of these enhancers: each has its own transient instances. */
  readonly inquirerId?: string;
}

/**
 * Runs a class's guards, interceptors, pipes and filters around its method, with Nest's own code, in the order of
 * controllers. Global enhancers are not included: they run on the HTTP request.
 */
export class EnhancerPipeline {
  private readonly creator: ExternalContextCreator;

  /** Throws `WiringError` where an enhancer has no instance. */
  constructor(
    private readonly enhancers: Enhancers,
    private readonly method: string,
    instances: EnhancerInstances,
  ) {
    for (const enhancer of enhancers.classes) instances.get(enhancer);
    this.creator = contextCreator(instances);
  }

  around(instance: object, { contextId, inquirerId }: Lifetime = {}): Handler<unknown> {
    const callback = (instance as Record<string, () => unknown>)[this.method]!;
    const options = { guards: true, interceptors: true, filters: this.enhancers.hasFilters };
    return this.creator.create(
      instance,
      callback,
      this.method,
      ROUTE_ARGS_METADATA,
      { exchangeKeyForValue: argumentOf },
      contextId,
      inquirerId,
      options,
      MCP_CONTEXT_TYPE,
    );
  }
}

/** Nest's context creator, with one module that holds the enhancers and an application without global ones. */
function contextCreator(instances: EnhancerInstances): ExternalContextCreator {
  const injectables = { get: (enhancer: Type) => instances.get(enhancer) };
  const module = { injectables, providers: new Map(), entryProviders: [], hasProvider: () => true };
  const modules = new Map([['home', module]]);
  const applicationConfig = new ApplicationConfig();
  applicationConfig.addGlobalFilter(new UnansweredFilter());
  const container = { applicationConfig, getModules: () => modules };
  const creator = ExternalContextCreator.fromContainer(container as unknown as NestContainer);
  giveMcpContexts(creator as unknown as ContextSources);
  const inherited = ExternalContextCreator.prototype;
  creator.getMetadata = (...args) => {
    const { argsLength, paramtypes, getParamsMetadata } = inherited.getMetadata.apply(creator, args);
    return {
      argsLength: Math.max(argsLength, POSITIONS.length),
      paramtypes,
      getParamsMetadata: (...place) => {
        const decorated = getParamsMetadata(...place);
        const left = POSITIONS.filter(({ index }) =>
          decorated.every((parameter) => parameter.index !== index),
        );
        return [...left, ...decorated];
      },
    };
  };
  creator.getParamValue = (value, metadata, pipes) =>
    inherited.getParamValue.call(
      creator,
      value,
      metadata,
      (metadata.type as string) === CONTEXT ? [] : pipes,
    );
  return creator;
}

/** Where Nest creates the context for an enhancer. */
interface ContextSources {
  readonly guardsConsumer: GuardsConsumer;
  readonly interceptorsConsumer: InterceptorsConsumer;
  readonly contextUtils: ContextUtils;
  readonly externalErrorProxy: ExternalErrorProxy;
}

function giveMcpContexts(sources: ContextSources): void {
  const { guardsConsumer, interceptorsConsumer, contextUtils, externalErrorProxy } = sources;
  for (const consumer of [guardsConsumer, interceptorsConsumer]) {
    consumer.createContext = (args, { constructor }, callback) =>
      new McpExecutionContext(args, constructor as Type, callback);
  }
  contextUtils.getContextFactory = (_type, instance, callback) => (args) =>
    new McpExecutionContext(args, instance?.constructor as Type, callback as () => unknown);
  const createProxy = externalErrorProxy.createProxy.bind(externalErrorProxy);
  externalErrorProxy.createProxy = (callback, handler, type) => {
    const next = (error: Error, host: ArgumentsHost) =>
      handler.next(error, new McpExecutionContext(host.getArgs()));
    return createProxy(callback, { next } as typeof handler, type);
  };
}

/** The value for one of Nest's parameter decorators: `@Body()` is the input, or one property of it. */
function argumentOf(type: RouteParamtypes, data: unknown, [input]: [unknown]): unknown {
  if (type !== RouteParamtypes.BODY) {
    throw new TypeError("Of Nest's HTTP parameter decorators, an MCP call supports only @Body()");
  }
  return typeof data === 'string' ? (input as Record<string, unknown>)[data] : input;
}

/** A call that was aborted while its guards ran does not reach its handler. */
function present(context: CallContext): CallContext {
  context.signal.throwIfAborted();
  return context;
}
