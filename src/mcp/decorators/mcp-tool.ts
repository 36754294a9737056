import type {
  CallToolResult,
  ClientCapabilities,
  ContentBlock,
  Implementation,
  LoggingLevel,
} from '../protocol/sdk-types.js';
import type { Schema, Unvalidated, Validated } from './schema.js';

/** Who is calling, as the access token says. */
export interface ToolUser {
  /** The token's `sub`. */
  readonly subject: string;
  /** The token's `iss`. */
  readonly issuer: string;
  /** The token's `client_id` or `azp`; empty where it has neither. */
  readonly clientId: string;
  readonly scopes: readonly string[];
  readonly roles: readonly string[];
}

/** The session that a call belongs to. */
export interface ToolSession {
  readonly id: string;
  /** The protocol revision that client and server agreed on. */
  readonly protocolVersion: string;
  readonly client: Implementation | undefined;
  readonly clientCapabilities: ClientCapabilities;
}

/** What a tool may know of the call and do during it. */
export interface ToolContext {
  readonly user: ToolUser;
  readonly session: ToolSession;
  /**
   * Aborted when the client cancels the call, its session ends (disconnect, token expired or revoked) or
   * the tool's `timeoutMs` passes. Hand it to whatever the tool waits for.
   */
  readonly signal: AbortSignal;
  /**
   * Tells the client how far the call is. Does nothing where the client did not ask for progress, and after
   * the call has ended. `progress` must grow from one notification to the next.
   */
  progress(progress: number, detail?: { readonly total?: number; readonly message?: string }): void;
  /** Sends a log message to the client, if it wants messages of that level (RFC 5424 names). */
  log(level: LoggingLevel, data: unknown, logger?: string): void;
}

/**
 * What `execute` may return: a text, content blocks, a whole result, or, where the tool declares `output`,
 * the value that its schema describes.
 */
export type ToolReturn<O extends Schema | undefined = undefined> = O extends Schema
  ? Unvalidated<O> | CallToolResult
  : string | readonly ContentBlock[] | CallToolResult;

/**
 * The class behind a tool. `I` and `O` are the types of the schemas given to `@Tool`; a tool without input
 * is an `McpTool`, and its `execute` gets an empty object.
 *
 * Throw `ToolError` to tell the model what went wrong. Anything else that is thrown is logged, and the
 * client sees a reference number only.
 */
export interface McpTool<I extends Schema | undefined = undefined, O extends Schema | undefined = undefined> {
  execute(
    input: I extends Schema ? Validated<I> : Record<string, never>,
    context: ToolContext,
  ): ToolReturn<O> | Promise<ToolReturn<O>>;
}
