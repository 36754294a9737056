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

/** How a call ended, or why it never began. */
export type AuditedOutcome =
  | 'ok'
  | 'tool_error'
  | 'invalid_arguments'
  | 'error'
  | 'input_required'
  | 'refused'
  | 'timeout'
  | 'cancelled'
  | 'session_closed'
  | 'shutdown'
  /** There is nothing of this name. */
  | 'unknown'
  /** There is, and this caller may not know of it: it was answered as if there were not. */
  | 'hidden'
  | 'insufficient_scope'
  | 'rate_limited';

/** A tool was called, a resource read, a prompt rendered or an argument completed; or that was refused. */
export interface CallRecord extends AuditActor {
  readonly event: 'audit.call';
  readonly kind: 'tool' | 'resource' | 'prompt' | 'completion';
  /** Name of the tool or prompt, URI or URI template of the resource; absent where there is none. */
  readonly target?: string | undefined;
  readonly outcome: AuditedOutcome;
  /** Milliseconds; absent where nothing was begun. */
  readonly durationMs?: number | undefined;
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
  /** Why or what, as a stable word: the `code` of `auth.refused`, what was revoked, what made the token. */
  readonly code: string;
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
