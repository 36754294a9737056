/** The user and client behind a record, as far as known. Nothing in it works as a credential. */
export interface AuditActor {
  /** `sub` of the token. */
  readonly subject?: string | undefined;
  /** `iss` of the token. */
  readonly issuer?: string | undefined;
  /** `client_id` or `azp` of the token; the empty text where it has none. */
  readonly clientId?: string | undefined;
  /** Identifies the token: a hash of its issuer and `jti`, or of the signed part where it has no `jti`. */
  readonly tokenId?: string | undefined;
}

/** How a call ended, or why it did not start. The log uses the same words; docs/audit.md explains each. */
export const CALL_OUTCOMES = [
  // The handler ran and its result was sent.
  'ok',
  'tool_error',
  'error',
  'input_required',
  'not_found',
  // The call was aborted.
  'timeout',
  'cancelled',
  'client_disconnected',
  'slow_client',
  'token_expired',
  'token_revoked',
  'session_closed',
  'shutdown',
  // The handler did not run.
  'invalid_arguments',
  'missing_capability',
  'refused',
  'unknown',
  'hidden',
  'insufficient_scope',
  'rate_limited',
] as const;

export type CallOutcome = (typeof CALL_OUTCOMES)[number];

/** A tool call, resource read, prompt or completion, or its refusal. */
export interface CallRecord extends AuditActor {
  readonly event: 'audit.call';
  readonly kind: 'tool' | 'resource' | 'prompt' | 'completion';
  /** Name of the tool or prompt, URI or URI template of the resource; absent where nothing matched. */
  readonly target?: string | undefined;
  readonly outcome: CallOutcome;
  /** Milliseconds; absent where the call did not start. */
  readonly durationMs?: number | undefined;
  /**
   * Identifies this call; also in the log, and in the client's error where the call failed. Absent where it did not
   * start.
   */
  readonly reference?: string | undefined;
  /** Address of the client; a forwarded one only from a proxy of `TRUSTED_PROXIES`. Absent over stdio. */
  readonly ip?: string | undefined;
  /** The client's own id of the request, cut at 64 characters. */
  readonly requestId?: string | number | undefined;
  /** The session's name in the log; absent in revisions without sessions. */
  readonly session?: string | undefined;
  readonly protocolVersion?: string | undefined;
  /** See {@link AuditTrail.digest}; absent where the call was refused before its arguments were read. */
  readonly argumentHash?: string | undefined;
  /** Values that the tool's author declares harmless, by path. */
  readonly arguments?: Readonly<Record<string, unknown>> | undefined;
}

/** A request was refused, or a token was revoked or issued. */
export interface DecisionRecord extends AuditActor {
  readonly event: 'audit.decision';
  readonly decision: 'refused' | 'revoked' | 'issued';
  /** A stable word: a `RefusalCode` or `counted`, what was revoked, or what issued the token. */
  readonly code: string;
  /** HTTP status of the refusal. */
  readonly status?: number | undefined;
  /** The session's name in the log, where the request named one; it may be another caller's session. */
  readonly session?: string | undefined;
  /** The client's own id of the request, cut at 64 characters. */
  readonly requestId?: string | number | undefined;
  /** Of `counted`: the number of refusals, their reasons, and the start of the count. */
  readonly count?: number | undefined;
  readonly codes?: Readonly<Record<string, number>> | undefined;
  readonly since?: string | undefined;
  readonly method?: string | undefined;
  /** Without its query. */
  readonly path?: string | undefined;
  /** Address of the client; a forwarded one only from a proxy of `TRUSTED_PROXIES`. */
  readonly ip?: string | undefined;
  /** Of an issued token: its scopes, separated by single spaces. */
  readonly scope?: string | undefined;
  /** What was revoked. */
  readonly revoked?: readonly RevokedRecord[] | undefined;
}

/** One token by its id, or all tokens of a subject. */
export type RevokedRecord =
  { readonly tokenId: string } | { readonly issuer: string; readonly subject: string };

/** One line of the trail; `event` is its type. */
export type AuditRecord = CallRecord | DecisionRecord;
