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

/** Who is calling, as the access token says. */
export interface User {
  /** The token's `sub`. */
  readonly subject: string;
  /** The token's `iss`. */
  readonly issuer: string;
  /** The token's `client_id` or `azp`; empty where it has neither. */
  readonly clientId: string;
  readonly scopes: readonly string[];
  readonly roles: readonly string[];
}

/** The client that a call comes from, and the session it belongs to, if there is one. */
export interface ClientSession {
  /** Undefined in 2026-07-28, which has no sessions. */
  readonly id: string | undefined;
  /** The protocol revision that client and server agreed on, or that the request names. */
  readonly protocolVersion: string;
  readonly client: Implementation | undefined;
  readonly clientCapabilities: ClientCapabilities;
}

/** Names the question within its call; left out, it is the number of the question. */
export interface InputKey {
  /** 1 to 64 characters. Questions that are asked in an order that may change need one. */
  readonly key?: string;
}

/** A form for the user to fill in. The schema describes a flat object of primitives. */
export type FormElicitation<S extends Schema> = InputKey & { readonly message: string; readonly schema: S };

/** A form whose schema is JSON Schema already: what comes back is checked by the client alone. */
export type RawElicitation = InputKey & {
  readonly message: string;
  readonly requestedSchema: Readonly<Record<string, unknown>>;
};

/** An address for the user to visit. */
export type UrlElicitation = InputKey & { readonly message: string; readonly url: string };

/** What the user made of it. */
export type Elicited<Content> =
  | { readonly action: 'accept'; readonly content: Content }
  | { readonly action: 'decline' | 'cancel'; readonly content?: undefined };

/** What a handler (a tool's, a resource's, a prompt's) may know of the call and do during it. */
export interface CallContext {
  readonly user: User;
  readonly session: ClientSession;
  /**
   * Aborted when the client cancels the call, its session ends (disconnect, token expired or revoked) or
   * its time is up, and after the handler was left for a question ({@link elicit}). Hand it to whatever the
   * handler waits for.
   */
  readonly signal: AbortSignal;
  /**
   * Tells the client how far the call is. Does nothing where the client did not ask for progress, and after
   * the call has ended. `progress` must grow from one notification to the next.
   */
  progress(progress: number, detail?: { readonly total?: number; readonly message?: string }): void;
  /** Sends a log message to the client, if it wants messages of that level (RFC 5424 names). */
  log(level: LoggingLevel, data: unknown, logger?: string): void;
  /**
   * Asks the user, by a form or an address to visit, and waits for the answer; the call's time does not run
   * meanwhile. Up to 2025-11-25 this is a request to the client. In 2026-07-28 the handler is left here by the
   * rejection with an `InputRequiredError`, and run again from its beginning once the answer is there: see
   * {@link once}.
   *
   * Rejects with a `ToolError` when the client cannot ask its user (in 2026-07-28 that is the JSON-RPC error
   * −32021), refuses, takes too long, or answers what does not fit the schema; and when the call is given up. A
   * schema that is no flat object is a `TypeError`. MCP 2026-07-28, Client Features: Elicitation.
   */
  elicit<S extends Schema>(request: FormElicitation<S>): Promise<Elicited<Validated<S>>>;
  elicit(request: RawElicitation): Promise<Elicited<Record<string, unknown>>>;
  elicit(request: UrlElicitation): Promise<Elicited<undefined>>;
  /** Asks the client's model. Waits and rejects as {@link elicit} does. MCP 2025-11-25, Sampling. */
  sample(
    request: CreateMessageRequestParams & InputKey,
  ): Promise<CreateMessageResult | CreateMessageResultWithTools>;
  /** Asks for the client's roots. Waits and rejects as {@link elicit} does. MCP 2025-11-25, Roots. */
  listRoots(request?: InputKey): Promise<readonly Root[]>;
  /**
   * Runs `step` once in a call, however often its handler is run again: what it resolves with, a JSON value,
   * is kept. `key`, 1 to 64 characters, names the step within the call. A step that rejects is not kept. What is
   * kept in 2026-07-28 is with the client, encrypted: all of it may be 64 KiB.
   */
  once<T>(key: string, step: () => T | Promise<T>): Promise<T>;
  /**
   * Ends the connection that carries this call's stream, where the client can come back for the rest
   * (2025-11-25): for work that takes longer than a connection should. Elsewhere it does nothing.
   * MCP 2025-11-25, Transports, "Resumability and Redelivery".
   */
  closeStream(): void;
}
