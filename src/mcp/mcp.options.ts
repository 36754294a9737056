import type { IncomingMessage } from 'node:http';
import type { RequestAuthorization } from './authorization/request-authorization.js';
import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { RateLimit } from '../backplane/index.js';
import type { Implementation } from './messages/sdk-types.js';

/** What the protocol room needs to know of its surroundings. Durations are milliseconds, sizes bytes. */
export interface McpModuleOptions {
  /**
   * What the application's guard has left on a request that it has let in; undefined of any other request. A guard that
   * lacks a method of {@link RequestAuthorization} fails to compile here.
   */
  readonly authorizationOf: (request: IncomingMessage) => RequestAuthorization | undefined;
  /** How the server introduces itself to clients. */
  readonly serverInfo: Implementation;
  /** A hint for the model on how to use this server's tools; sent once, at initialize. */
  readonly instructions?: string;
  /** The path of the public URL, without a trailing slash: what a proxy strips before it passes a request on. */
  readonly basePath: string;
  /** Age at which a session ends, however busy. */
  readonly sessionMaxMs: number;
  /** How long a session lives that has no stream open and no call in flight. */
  readonly sessionIdleMs: number;
  readonly sessionsPerPrincipal: number;
  /** Interval of the comments that keep a quiet stream open. */
  readonly heartbeatMs: number;
  readonly maxBodyBytes: number;
  /** Bytes that may wait on a stream for its client to take them, beside one message that may be larger. */
  readonly maxBufferedBytes: number;
  /** How long a client may take nothing of what waits for it before its connection is cut. */
  readonly maxStallMs: number;
  /** How long a call may take, unless its tool, resource or prompt says otherwise. */
  readonly callTimeoutMs: number;
  /** How long a client may take to answer what a call asks of it. */
  readonly inputTimeoutMs: number;
  /**
   * 32 bytes that only the nodes of this server know: what a client of 2026-07-28 keeps between the rounds of a
   * call is sealed with them.
   */
  readonly stateKey: Uint8Array;
  /**
   * Whether a tool's result is also checked against its listed output schema, as clients check it; for development.
   */
  readonly checkResults?: boolean;
  /** How many entries a page of a list has. */
  readonly pageSize: number;
  /** How long a client may keep a list that it was not told to have changed (2026-07-28). */
  readonly listTtlMs: number;
  /** Calls that one principal may make. Undefined: as many as it likes, but for what a tool says. */
  readonly callLimit: RateLimit | undefined;
  /** Calls that one user may have running or waiting at a time. */
  readonly callsInFlight: number;
  /** Bytes that are held for one user at a time: bodies, arguments, unread replies, replay, subscriptions. */
  readonly bytesInFlight: number;
}

export const { ConfigurableModuleClass: McpConfigurableModule, MODULE_OPTIONS_TOKEN: MCP_OPTIONS } =
  new ConfigurableModuleBuilder<McpModuleOptions>()
    .setClassMethodName('forRoot')
    // There is one catalogue: any module's providers may add to it.
    .setExtras({}, (definition) => ({ ...definition, global: true }))
    .build();
