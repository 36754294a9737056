import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { ToolExplorer } from './catalog/tool.explorer.js';
import { ToolRegistry } from './catalog/tool.registry.js';
import { CallLog } from './invocation/call.log.js';
import { CallLimiter } from './invocation/call.limiter.js';
import { ToolInvoker } from './invocation/tool.invoker.js';
import { McpConfigurableModule } from './mcp.options.js';
import { ProtocolService } from './protocol/protocol.service.js';
import { SessionClock } from './sessions/session.clock.js';
import { SessionDrain } from './sessions/session.drain.js';
import { SessionLedger } from './sessions/session.ledger.js';
import { SessionService } from './sessions/session.service.js';
import { HttpSseTransport } from './transports/http-sse/http-sse.transport.js';
import { MessageController } from './transports/http-sse/message.controller.js';
import { SseController } from './transports/http-sse/sse.controller.js';
import { McpController } from './transports/streamable-http/mcp.controller.js';
import { SessionStreams } from './transports/streamable-http/session.streams.js';
import { StreamableHttpTransport } from './transports/streamable-http/streamable-http.transport.js';

/**
 * The MCP server: finds the tools of every module and serves them. Needs a guard that puts the SDK's
 * `AuthInfo` on each request as `auth`, and the ports of the backplane.
 */
@Module({
  imports: [DiscoveryModule],
  controllers: [MessageController, McpController, SseController],
  providers: [
    ToolExplorer,
    ToolRegistry,
    CallLog,
    CallLimiter,
    ToolInvoker,
    ProtocolService,
    SessionClock,
    SessionDrain,
    SessionLedger,
    SessionService,
    HttpSseTransport,
    SessionStreams,
    StreamableHttpTransport,
  ],
  exports: [SessionDrain, SessionService, ToolRegistry],
})
export class McpModule extends McpConfigurableModule {}
