import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { CatalogExplorer } from './catalog/catalog.explorer.js';
import { ChangeAudience } from './catalog/change.audience.js';
import { ChangeFeed } from './catalog/change.feed.js';
import { PromptRegistry } from './catalog/prompt.registry.js';
import { ResourceRegistry } from './catalog/resource.registry.js';
import { ToolRegistry } from './catalog/tool.registry.js';
import { CallFactory } from './invocation/call.factory.js';
import { CallAudit } from './invocation/call.audit.js';
import { CallLog } from './invocation/call.log.js';
import { CallLimiter } from './protocol/call.limiter.js';
import { ClientInputFactory } from './invocation/client-input.factory.js';
import { HandlerFactory } from './enhancers/handler.factory.js';
import { StateSeal } from './invocation/state.seal.js';
import { ResultCheck } from './invocation/result.check.js';
import { Invoker } from './invocation/invoker.js';
import { McpConfigurableModule } from './mcp.options.js';
import { ChangeAnnouncer } from './protocol/change.announcer.js';
import { type Feature, FEATURES } from './protocol/feature.js';
import { CompletionFeature } from './protocol/features/completion.feature.js';
import { LifecycleFeature } from './protocol/features/lifecycle.feature.js';
import { LoggingFeature } from './protocol/features/logging.feature.js';
import { PromptsFeature } from './protocol/features/prompts.feature.js';
import { ResourcesFeature } from './protocol/features/resources.feature.js';
import { SubscriptionsFeature } from './protocol/features/subscriptions.feature.js';
import { ToolsFeature } from './protocol/features/tools.feature.js';
import { RefusedCalls } from './protocol/refused.calls.js';
import { ProtocolService } from './protocol/protocol.service.js';
import { ResultWriter } from './invocation/result.writer.js';
import { FairTurns } from './limits/fair-turns.js';
import { InFlightBudgets } from './limits/in-flight.budgets.js';
import { SessionClock } from './sessions/session.clock.js';
import { SessionDrain } from './sessions/session.drain.js';
import { SessionLedger } from './sessions/session.ledger.js';
import { SessionService } from './sessions/session.service.js';
import { HttpSseTransport } from './transports/http-sse/http-sse.transport.js';
import { MessageController } from './transports/http-sse/message.controller.js';
import { OtherMethodsController } from './transports/other-methods.controller.js';
import { SseController } from './transports/http-sse/sse.controller.js';
import { MessageIntake } from './transports/message.intake.js';
import { StdioTransport } from './transports/stdio/stdio.transport.js';
import { McpTransport } from './transports/streamable-http/mcp.transport.js';
import { McpController } from './transports/streamable-http/mcp.controller.js';
import { SessionStreams } from './transports/streamable-http/session.streams.js';
import { SessionTransport } from './transports/streamable-http/session.transport.js';
import { StatelessTransport } from './transports/streamable-http/stateless.transport.js';

const FEATURE_CLASSES = [
  LifecycleFeature,
  LoggingFeature,
  SubscriptionsFeature,
  ToolsFeature,
  ResourcesFeature,
  PromptsFeature,
  CompletionFeature,
];

/**
 * The MCP server: finds the tools, resources and prompts of every module and serves them. Needs a guard that puts the SDK's
 * `AuthInfo` on each request as `auth`, the ports of the backplane and an `AuditTrail`.
 */
@Module({
  imports: [DiscoveryModule],
  controllers: [MessageController, McpController, SseController, OtherMethodsController],
  providers: [
    CatalogExplorer,
    ChangeAnnouncer,
    ChangeAudience,
    ChangeFeed,
    PromptRegistry,
    ResourceRegistry,
    ToolRegistry,
    CallAudit,
    CallFactory,
    CallLimiter,
    CallLog,
    ClientInputFactory,
    FairTurns,
    HandlerFactory,
    InFlightBudgets,
    Invoker,
    ResultCheck,
    StateSeal,
    ...FEATURE_CLASSES,
    { provide: FEATURES, inject: FEATURE_CLASSES, useFactory: (...features: Feature[]) => features },
    ProtocolService,
    RefusedCalls,
    ResultWriter,
    SessionClock,
    SessionDrain,
    SessionLedger,
    SessionService,
    MessageIntake,
    HttpSseTransport,
    StdioTransport,
    SessionStreams,
    McpTransport,
    SessionTransport,
    StatelessTransport,
  ],
  exports: [PromptRegistry, ResourceRegistry, SessionDrain, SessionService, StdioTransport, ToolRegistry],
})
export class McpModule extends McpConfigurableModule {}
