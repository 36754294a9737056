import type {
  ClientCapabilities,
  CreateMessageRequestParams,
  CreateMessageResult,
  CreateMessageResultWithTools,
  Implementation,
  LoggingLevel,
  Root,
} from '../messages/sdk-types.js';
import type { Schema, Validated } from './schema.js';

/** The caller, as the access token describes it. */
export interface User {
  /** The token's `sub`. */
  readonly subject: string;
  /** The token's `iss`. */
  readonly issuer: string;
  /** The token's `client_id` or `azp`; empty without both. */
  readonly clientId: string;
  readonly scopes: readonly string[];
  readonly roles: readonly string[];
  /**
   * Further claims of the token, as they are in it: those that the entry of its issuer names (`claims.extra` of
   * `AUTH_ISSUERS`, or `JWT_CLAIMS`), where the token has them. Frozen.
   */
  readonly claims: Readonly<Record<string, unknown>>;
}

/** The client of a call, and its session, if there is one. */
export interface ClientSession {
  /** Undefined in 2026-07-28, which has no sessions. */
  readonly id: string | undefined;
  /** The revision that client and server negotiated, or that the request names. */
  readonly protocolVersion: string;
  readonly client: Implementation | undefined;
  readonly clientCapabilities: ClientCapabilities;
}

/** Names the request within its call; default: the number of the request. */
export interface InputKey {
  /** 1 to 64 characters. Required where the order of requests may change. */
  readonly key?: string;
}

/** A form for the user. The schema describes a flat object of primitives. */
export type FormElicitation<S extends Schema> = InputKey & { readonly message: string; readonly schema: S };

/** A form whose schema is JSON Schema; only the client validates the answer. */
export type RawElicitation = InputKey & {
  readonly message: string;
  readonly requestedSchema: Readonly<Record<string, unknown>>;
};

/** A URL for the user to visit. */
export type UrlElicitation = InputKey & { readonly message: string; readonly url: string };

/** The user's decision. */
export type Elicited<Content> =
  | { readonly action: 'accept'; readonly content: Content }
  | { readonly action: 'decline' | 'cancel'; readonly content?: undefined };

/** What a handler (of a tool, resource or prompt) can read and do during a call. */
export interface CallContext {
  readonly user: User;
  readonly session: ClientSession;
  /**
   * Aborted when the client cancels the call, its session ends (disconnect, token expired or revoked), its time limit
   * is exceeded, or the handler was interrupted for input ({@link elicit}). Pass it to everything that the handler
   * awaits.
   */
  readonly signal: AbortSignal;
  /**
   * Sends a progress notification. No effect where the client did not request progress, and after the call has ended.
   * `progress` must increase with each call.
   */
  progress(progress: number, detail?: { readonly total?: number; readonly message?: string }): void;
  /** Sends a log message to the client, if it requested messages of that level (RFC 5424 names). */
  log(level: LoggingLevel, data: unknown, logger?: string): void;
  /**
   * Asks the user, by a form or a URL, and waits for the answer; the call's time limit does not run meanwhile. Up to
   * 2025-11-25 this is a request to the client. In 2026-07-28 it rejects with an `InputRequiredError`, which interrupts
   * the handler; the handler is run again from its beginning with the answer: see {@link once}.
   *
   * Rejects with a `ToolError` when the client cannot ask its user (in 2026-07-28 with the JSON-RPC error −32021),
   * refuses, takes too long, or sends an answer that does not fit the schema; and when the call is aborted. A schema
   * that is no flat object is a `TypeError`. MCP 2026-07-28, Client Features: Elicitation.
   */
  elicit<S extends Schema>(request: FormElicitation<S>): Promise<Elicited<Validated<S>>>;
  elicit(request: RawElicitation): Promise<Elicited<Record<string, unknown>>>;
  elicit(request: UrlElicitation): Promise<Elicited<undefined>>;
  /**
   * Requests a completion of the client's model. Waits and rejects as {@link elicit} does. MCP 2025-11-25, Sampling.
   */
  sample(
    request: CreateMessageRequestParams & InputKey,
  ): Promise<CreateMessageResult | CreateMessageResultWithTools>;
  /** Requests the client's roots. Waits and rejects as {@link elicit} does. MCP 2025-11-25, Roots. */
  listRoots(request?: InputKey): Promise<readonly Root[]>;
  /**
   * Runs `step` once per call, even where the handler is run again: its result, a JSON value, is kept. `key`, 1 to 64
   * characters, names the step within the call. A step that rejects is not kept. In 2026-07-28 the client keeps the
   * results, encrypted, at most 64 KiB in all.
   */
  once<T>(key: string, step: () => T | Promise<T>): Promise<T>;
  /**
   * Closes the connection of this call's stream, where the client can reconnect for the rest (2025-11-25): for work
   * that takes longer than a connection should. No effect elsewhere. MCP 2025-11-25, Transports, "Resumability and
   * Redelivery".
   */
  closeStream(): void;
}
