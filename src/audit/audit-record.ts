/** Who did it, as far as that is known. Nothing in it can be used as a credential. */
export interface AuditActor {
  /** `sub` of the token. */
  readonly subject?: string | undefined;
  /** `iss` of the token. */
  readonly issuer?: string | undefined;
  /** `client_id` or `azp` of the token; the empty text where it has none. */
  readonly clientId?: string | undefined;
  /** Names the token: a hash of its issuer and `jti`, or of what was signed where it has none. */
  readonly tokenId?: string | undefined;
}

/** How a call ended, or why it never began: the same words in the log. docs/audit.md tells what each means. */
export const CALL_OUTCOMES = [
  // It ran, and was answered.
  'ok',
  'tool_error',
  'error',
  'input_required',
  'not_found',
  // It was given up.
  'timeout',
  'cancelled',
  'client_disconnected',
  'slow_client',
  'token_expired',
  'token_revoked',
  'session_closed',
  'shutdown',
  // It never ran.
  'invalid_arguments',
  'missing_capability',
  'refused',
  'unknown',
  'hidden',
  'insufficient_scope',
  'rate_limited',
] as const;

export type CallOutcome = (typeof CALL_OUTCOMES)[number];

/** A tool was called, a resource read, a prompt rendered or an argument completed; or that was refused. */
export interface CallRecord extends AuditActor {
  readonly event: 'audit.call';
  readonly kind: 'tool' | 'resource' | 'prompt' | 'completion';
  /** Name of the tool or prompt, URI or URI template of the resource; absent where there is none. */
  readonly target?: string | undefined;
  readonly outcome: CallOutcome;
  /** Milliseconds; absent where nothing was begun. */
  readonly durationMs?: number | undefined;
  /** Names this one call, in the log too, and to the client where the call failed; absent where it never began. */
  readonly reference?: string | undefined;
  /** Address of the client; a forwarded one only from a proxy of `TRUSTED_PROXIES`. Absent over stdio. */
  readonly ip?: string | undefined;
  /** The client's own id of the request, cut at 64 characters. */
  readonly requestId?: string | number | undefined;
  /** The session's name in the log; absent in revisions without sessions. */
  readonly session?: string | undefined;
  readonly protocolVersion?: string | undefined;
  /** See {@link AuditTrail.digest}; absent where the call was refused before its arguments counted. */
  readonly argumentHash?: string | undefined;
  /** Values that the author of the tool declares harmless, by path. */
  readonly arguments?: Readonly<Record<string, unknown>> | undefined;
}

/** Somebody was turned away, a token was taken back, or one was made. */
export interface DecisionRecord extends AuditActor {
  readonly event: 'audit.decision';
  readonly decision: 'refused' | 'revoked' | 'issued';
  /** Why or what, as a stable word: a `RefusalCode` or `counted`, what was revoked, what made the token. */
  readonly code: string;
  /** HTTP status of the answer to what was refused. */
  readonly status?: number | undefined;
  /** The session's name in the log, where the request named one; it need not be the caller's own. */
  readonly session?: string | undefined;
  /** The client's own id of the request, cut at 64 characters. */
  readonly requestId?: string | number | undefined;
  /** Of `counted`: how many were refused, for which reasons, and since when. */
  readonly count?: number | undefined;
  readonly codes?: Readonly<Record<string, number>> | undefined;
  readonly since?: string | undefined;
  readonly method?: string | undefined;
  /** Without its query. */
  readonly path?: string | undefined;
  /** Address of the client; a forwarded one only from a proxy of `TRUSTED_PROXIES`. */
  readonly ip?: string | undefined;
  /** Of a token that was issued: its scopes, with one space between them. */
  readonly scope?: string | undefined;
  /** What was revoked. */
  readonly revoked?: readonly RevokedRecord[] | undefined;
}

/** One token by its name, or all of a subject's. */
export type RevokedRecord =
  { readonly tokenId: string } | { readonly issuer: string; readonly subject: string };

/** One line of the trail; `event` tells which it is. */
export type AuditRecord = CallRecord | DecisionRecord;
