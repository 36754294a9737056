import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { RateLimit } from '../backplane/index.js';
import type { CatalogSource } from './enhancers/catalog-source.js';
import type { Implementation } from './messages/sdk-types.js';

/** Options of the MCP module. Durations are milliseconds, sizes bytes. */
export interface McpModuleOptions {
  /** Name and version that the server sends to clients. */
  readonly serverInfo: Implementation;
  /** A hint for the model on using this server's tools; sent once, at initialize. */
  readonly instructions?: string;
  /** Where the primitives are found; default: in all modules of this application. */
  readonly catalog?: CatalogSource | undefined;
  /** The path of the public URL, without a trailing slash; a proxy may strip it. */
  readonly basePath: string;
  /** Maximum age of a session. */
  readonly sessionMaxMs: number;
  /** Lifetime of a session without an open stream or a call in flight. */
  readonly sessionIdleMs: number;
  /** Interval of pings on an open stream; two without an answer end the session. Undefined: no pings. */
  readonly sessionPingMs?: number | undefined;
  readonly sessionsPerPrincipal: number;
  /** Interval of the comments that keep an idle stream open. */
  readonly heartbeatMs: number;
  readonly maxBodyBytes: number;
  /** Bytes that may wait on a stream for its client to read, in addition to one larger message. */
  readonly maxBufferedBytes: number;
  /** How long a client may read nothing before its connection is closed. */
  readonly maxStallMs: number;
  /** Time limit of a call, unless its tool, resource or prompt has its own. */
  readonly callTimeoutMs: number;
  /** How long a client may take to answer an input request. */
  readonly inputTimeoutMs: number;
  /**
   * 32 bytes known only to the nodes of this server. They encrypt the state that a client of 2026-07-28 keeps between
   * the rounds of a call. Undefined: the nodes agree on one.
   */
  readonly stateKey?: Uint8Array | undefined;
  /** Whether a tool's result is also validated against its listed output schema, as clients do; for development. */
  readonly checkResults?: boolean;
  /** Primitives per page of a list. */
  readonly pageSize: number;
  /** How long a client may cache a list (2026-07-28). */
  readonly listTtlMs: number;
  /** Calls that one user may make. Undefined: unlimited, apart from a tool's own limit. */
  readonly callLimit: RateLimit | undefined;
  /** Calls of one user that may run or wait at a time. */
  readonly callsInFlight: number;
  /** Bytes held for one user at a time: bodies, arguments, unread replies, stored events, subscriptions. */
  readonly bytesInFlight: number;
}

export const { ConfigurableModuleClass: McpConfigurableModule, MODULE_OPTIONS_TOKEN: MCP_OPTIONS } =
  new ConfigurableModuleBuilder<McpModuleOptions>()
    .setClassMethodName('forRoot')
    // There is one catalogue: any module's providers may add to it.
    .setExtras({}, (definition) => ({ ...definition, global: true }))
    .build();
