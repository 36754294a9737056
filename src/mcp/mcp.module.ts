import { Module, type OnApplicationBootstrap } from '@nestjs/common';
import { LazyModuleLoader, ModulesContainer } from '@nestjs/core';
import { CatalogExplorer } from './catalog/catalog.explorer.js';
import { CatalogueComparison } from './catalog/catalogue.comparison.js';
import { ChangeAudience } from './catalog/change.audience.js';
import { ChangeBroadcast } from './catalog/change.broadcast.js';
import { ChangeFeed } from './catalog/change.feed.js';
import { PromptRegistry } from './catalog/prompt.registry.js';
import { ResourceRegistry } from './catalog/resource.registry.js';
import { ToolRegistry } from './catalog/tool.registry.js';
import { CallLog } from './invocation/call.log.js';
import { CallLimiter } from './gate/call.limiter.js';
import { DuplicateGuard } from './gate/duplicate.guard.js';
import { Gate } from './gate/gate.js';
import { RepeatedRequests } from './gate/repeated.requests.js';
import { PostForwarding } from './gate/post.forwarding.js';
import { HandlerFactory } from './enhancers/handler.factory.js';
import { RequestStateCodec } from './client-input/request-state.codec.js';
import { StateKey } from './client-input/state.key.js';
import { ResultCheck } from './invocation/result.check.js';
import { Invoker } from './invocation/invoker.js';
import { CATALOG_SOURCE } from './enhancers/catalog-source.js';
import { MCP_OPTIONS, McpConfigurableModule, type McpModuleOptions } from './mcp.options.js';
import { ChangeAnnouncer } from './protocol/change.announcer.js';
import { REQUEST_HANDLERS, type RequestHandlers } from './protocol/request-handler.js';
import { CompletionHandlers } from './protocol/handlers/completion.handlers.js';
import { LifecycleHandlers } from './protocol/handlers/lifecycle.handlers.js';
import { LoggingHandlers } from './protocol/handlers/logging.handlers.js';
import { PromptsHandlers } from './protocol/handlers/prompts.handlers.js';
import { ResourcesHandlers } from './protocol/handlers/resources.handlers.js';
import { SubscriptionsHandlers } from './protocol/handlers/subscriptions.handlers.js';
import { ToolsHandlers } from './protocol/handlers/tools.handlers.js';
import { MessageDispatcher } from './protocol/message.dispatcher.js';
import { ResultWriter } from './invocation/result.writer.js';
import { FairTurns } from './limits/fair-turns.js';
import { InFlightBudgets } from './limits/in-flight.budgets.js';
import { SessionTimer } from './sessions/session.timer.js';
import { SessionDrain } from './sessions/session.drain.js';
import { SessionPing } from './sessions/session.ping.js';
import { SessionRelay } from './sessions/session.relay.js';
import { SessionStore } from './sessions/session.store.js';
import { SessionService } from './sessions/session.service.js';
import { HttpSseTransport } from './transports/http-sse/http-sse.transport.js';
import { MessageController } from './transports/http-sse/message.controller.js';
import { OtherMethodsController } from './transports/other-methods.controller.js';
import { SseController } from './transports/http-sse/sse.controller.js';
import { MessageReader } from './transports/message.reader.js';
import { StdioTransport } from './transports/stdio/stdio.transport.js';
import { McpController } from './transports/streamable-http/mcp.controller.js';
import { SessionConnections } from './transports/streamable-http/session.connections.js';
import { SessionStreams } from './transports/streamable-http/session.streams.js';
import { SessionTransport } from './transports/streamable-http/session.transport.js';
import { StandaloneCarriage } from './transports/streamable-http/standalone.carriage.js';
import { StatelessTransport } from './transports/streamable-http/stateless.transport.js';

const HANDLER_CLASSES = [
  LifecycleHandlers,
  LoggingHandlers,
  SubscriptionsHandlers,
  ToolsHandlers,
  ResourcesHandlers,
  PromptsHandlers,
  CompletionHandlers,
];

/** The controllers of the protocol's endpoints. */
export const PROTOCOL_CONTROLLERS = [
  MessageController,
  McpController,
  SseController,
  OtherMethodsController,
] as const;

/**
 * The MCP server: finds the tools, resources and prompts of every module and serves them. Needs a guard that implements
 * {@link RequestAuthorization}, the ports of the backplane and an `AuditTrail`.
 */
@Module({
  controllers: [...PROTOCOL_CONTROLLERS],
  providers: [
    {
      provide: CATALOG_SOURCE,
      inject: [MCP_OPTIONS, ModulesContainer, LazyModuleLoader],
      useFactory: ({ catalog }: McpModuleOptions, modules: ModulesContainer, loader: LazyModuleLoader) =>
        catalog ?? { modules, loader },
    },
    CatalogExplorer,
    CatalogueComparison,
    ChangeAnnouncer,
    ChangeAudience,
    ChangeBroadcast,
    ChangeFeed,
    PromptRegistry,
    ResourceRegistry,
    ToolRegistry,
    CallLimiter,
    CallLog,
    DuplicateGuard,
    RepeatedRequests,
    FairTurns,
    Gate,
    HandlerFactory,
    InFlightBudgets,
    Invoker,
    PostForwarding,
    ResultCheck,
    RequestStateCodec,
    StateKey,
    ...HANDLER_CLASSES,
    {
      provide: REQUEST_HANDLERS,
      inject: HANDLER_CLASSES,
      useFactory: (...parts: RequestHandlers[]) => parts,
    },
    MessageDispatcher,
    ResultWriter,
    SessionTimer,
    SessionDrain,
    SessionPing,
    SessionRelay,
    SessionStore,
    SessionService,
    MessageReader,
    HttpSseTransport,
    StdioTransport,
    SessionConnections,
    SessionStreams,
    StandaloneCarriage,
    SessionTransport,
    StatelessTransport,
  ],
  exports: [PromptRegistry, ResourceRegistry, SessionDrain, SessionService, StdioTransport, ToolRegistry],
})
export class McpModule extends McpConfigurableModule implements OnApplicationBootstrap {
  onApplicationBootstrap(): void {
    restoreStringMethods();
  }
}

/** V8 has feedback of a function after this many runs, and caches what the function reads. */
const RUNS = 1_000;

/**
 * Makes the methods of strings fast again. After a package has defined a class that extends `String`, as ioredis does,
 * V8 13 keeps them in a dictionary until a cached read finds one through an object. Until then each call needs 3 to 4 %
 * more instructions.
 */
function restoreStringMethods(): void {
  const text = Object('') as { readonly at?: unknown };
  const read = ({ at }: typeof text): unknown => at;
  for (let run = 0; run < RUNS; run += 1) read(text);
}
