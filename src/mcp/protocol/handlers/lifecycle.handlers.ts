import { Inject, Injectable } from '@nestjs/common';
import { MCP_OPTIONS, type McpModuleOptions } from '../../mcp.options.js';
import { Session } from '../../sessions/session.js';
import type { MessageContext } from '../../invocation/message-context.js';
import type { RequestHandler, RequestHandlers } from '../request-handler.js';
import type { JsonRpcRequest } from '../../messages/json-rpc.js';
import { invalidParams, ProtocolError } from '../../messages/protocol.error.js';
import { ResultWriter } from '../../invocation/result.writer.js';
import {
  ErrorCode,
  InitializeRequestParamsSchema,
  type InitializeResult,
  LATEST_PROTOCOL_VERSION,
  type ServerCapabilities,
  SESSION_VERSIONS,
  SUPPORTED_PROTOCOL_VERSIONS,
} from '../../messages/sdk-types.js';

/** Bytes kept with the session, on every node that serves it. */
const MAX_KEPT = 65_536;

/** The server's capabilities. Primitives may be added at any time, so all are declared from the start. */
const CAPABILITIES: ServerCapabilities = {
  tools: { listChanged: true },
  resources: { listChanged: true, subscribe: true },
  prompts: { listChanged: true },
  completions: {},
  logging: {},
};

/** `initialize`, `ping` and `server/discover`. */
@Injectable()
export class LifecycleHandlers implements RequestHandlers {
  readonly handlers: readonly RequestHandler[] = [
    {
      method: 'initialize',
      era: 'sessions',
      answer: (request, context) => this.initialize(request, context),
    },
    { method: 'ping', era: 'sessions', answer: () => '{}' },
    { method: 'server/discover', era: 'stateless', answer: (_request, context) => this.discover(context) },
  ];

  constructor(
    private readonly writer: ResultWriter,
    @Inject(MCP_OPTIONS) private readonly options: McpModuleOptions,
  ) {}

  /**
   * Negotiates the revision and stores the client's information. The answer to an unsupported revision is the latest
   * supported one with sessions. MCP 2025-11-25, Lifecycle, "Version Negotiation".
   */
  private initialize({ params }: JsonRpcRequest, { peer: session }: MessageContext): string {
    if (!(session instanceof Session)) throw new TypeError('Only a session is initialized');
    if (session.initialized)
      throw new ProtocolError(ErrorCode.InvalidRequest, 'The session is initialized already');
    const parsed = InitializeRequestParamsSchema.safeParse(params);
    if (!parsed.success) {
      // Only the top level, since the client chooses the names below it.
      const fields = new Set(parsed.error.issues.map(({ path }) => path.slice(0, 2).join('.')));
      throw invalidParams(`Invalid initialize parameters: ${[...fields].join(', ')}`);
    }
    const { protocolVersion, clientInfo, capabilities } = parsed.data;
    const client = { name: clientInfo.name, version: clientInfo.version };
    if (JSON.stringify([client, capabilities]).length > MAX_KEPT) {
      throw invalidParams(`clientInfo and capabilities may have ${MAX_KEPT} characters`);
    }
    session.initialized = true;
    session.protocolVersion = SESSION_VERSIONS.includes(protocolVersion)
      ? protocolVersion
      : LATEST_PROTOCOL_VERSION;
    session.client = client;
    session.clientCapabilities = capabilities;
    session.markDirty();
    const result: InitializeResult = {
      protocolVersion: session.protocolVersion,
      capabilities: CAPABILITIES,
      serverInfo: this.options.serverInfo,
      ...this.instructions(),
    };
    return this.writer.write(result, session);
  }

  /** MCP 2026-07-28, Server Features: Discovery. */
  private discover({ peer }: MessageContext): string {
    const result = {
      supportedVersions: SUPPORTED_PROTOCOL_VERSIONS,
      capabilities: CAPABILITIES,
      ...this.instructions(),
      ttlMs: this.options.listTtlMs,
      cacheScope: 'public',
    };
    return this.writer.write(result, peer);
  }

  private instructions(): { readonly instructions?: string } {
    const { instructions } = this.options;
    return instructions === undefined ? {} : { instructions };
  }
}
