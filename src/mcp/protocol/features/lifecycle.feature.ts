import { Inject, Injectable } from '@nestjs/common';
import { MCP_OPTIONS, type McpModuleOptions } from '../../mcp.options.js';
import { Session } from '../../sessions/session.js';
import type { Exchange } from '../exchange.js';
import type { Feature, Method } from '../feature.js';
import type { JsonRpcRequest } from '../json-rpc.js';
import { invalidParams, ProtocolError } from '../protocol.error.js';
import { ResultWriter } from '../result.writer.js';
import {
  ErrorCode,
  InitializeRequestParamsSchema,
  type InitializeResult,
  LATEST_PROTOCOL_VERSION,
  type ServerCapabilities,
  SESSION_VERSIONS,
  SUPPORTED_PROTOCOL_VERSIONS,
} from '../sdk-types.js';

/** What this server can do. Entries may be added at any time, so that all of it holds from the start. */
const CAPABILITIES: ServerCapabilities = {
  tools: { listChanged: true },
  resources: { listChanged: true, subscribe: true },
  prompts: { listChanged: true },
  completions: {},
  logging: {},
};

/** Of what a client says of itself, in characters: it is kept with the session. */
const MAX_INTRODUCTION = 16_384;

/** How clients and this server meet: `initialize` and `ping`, or `server/discover`. */
@Injectable()
export class LifecycleFeature implements Feature {
  readonly methods: readonly Method[] = [
    {
      name: 'initialize',
      era: 'sessions',
      answer: (request, exchange) => this.initialize(request, exchange),
    },
    { name: 'ping', era: 'sessions', answer: () => '{}' },
    { name: 'server/discover', era: 'stateless', answer: (_request, exchange) => this.discover(exchange) },
  ];

  constructor(
    private readonly writer: ResultWriter,
    @Inject(MCP_OPTIONS) private readonly options: McpModuleOptions,
  ) {}

  /**
   * Agrees on a revision and remembers who the client is. A revision that this server does not speak with
   * sessions is answered with the latest that it does. MCP 2025-11-25, Lifecycle, "Version Negotiation".
   */
  private initialize({ params }: JsonRpcRequest, { peer: session }: Exchange): string {
    if (!(session instanceof Session)) throw new TypeError('Only a session is initialized');
    if (session.initialized)
      throw new ProtocolError(ErrorCode.InvalidRequest, 'The session is initialized already');
    const parsed = InitializeRequestParamsSchema.safeParse(params);
    if (!parsed.success) {
      // No deeper: names further down are the client's own.
      const fields = new Set(parsed.error.issues.map(({ path }) => path.slice(0, 2).join('.')));
      throw invalidParams(`Invalid initialize parameters: ${[...fields].join(', ')}`);
    }
    const { protocolVersion, clientInfo, capabilities } = parsed.data;
    const { name, version } = clientInfo;
    if (JSON.stringify([name, version, capabilities]).length > MAX_INTRODUCTION) {
      throw invalidParams(`Name, version and capabilities must have ${MAX_INTRODUCTION} characters at most`);
    }
    session.initialized = true;
    session.protocolVersion = SESSION_VERSIONS.includes(protocolVersion)
      ? protocolVersion
      : LATEST_PROTOCOL_VERSION;
    session.client = { name, version };
    session.clientCapabilities = capabilities;
    session.revise();
    const result: InitializeResult = {
      protocolVersion: session.protocolVersion,
      capabilities: CAPABILITIES,
      serverInfo: this.options.serverInfo,
      ...this.instructions(),
    };
    return this.writer.write(result, session);
  }

  /** MCP 2026-07-28, Server Features: Discovery. */
  private discover({ peer }: Exchange): string {
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
