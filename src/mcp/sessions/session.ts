import { createHash } from 'node:crypto';
import type { ToolSession } from '../decorators/mcp-tool.js';
import type { ClientCapabilities, Implementation, LoggingLevel, RequestId } from '../protocol/sdk-types.js';
import type { RevocableToken } from '../../backplane/index.js';
import type { Principal } from './principal.js';

/** Why a session ended. */
export type SessionEnd =
  | 'client_disconnected'
  | 'slow_client'
  | 'token_expired'
  | 'token_revoked'
  | 'max_age'
  | 'shutdown'
  | 'closed_by_server';

/** Where a session's messages go: a stream that a transport holds open. */
export interface SessionStream {
  /** Sends one JSON-RPC message, as text. */
  send(message: string): void;
  heartbeat(): void;
  /** Since when the client has not read what was sent; milliseconds since the epoch. */
  readonly stalledSince: number | undefined;
  end(reason: SessionEnd): void;
}

/** Why a call is given up before its tool has answered. */
export type AbortCause = 'cancelled' | 'timeout' | 'session_closed' | 'shutdown';

/** A call that the session waits for. */
export interface PendingCall {
  abort(cause: AbortCause): void;
}

/** RFC 5424, as MCP names the levels; a client wants its level and everything above. */
const LOG_LEVELS: readonly LoggingLevel[] = [
  'debug',
  'info',
  'notice',
  'warning',
  'error',
  'critical',
  'alert',
  'emergency',
];

/** What the revision before any agreement is taken to be. */
const INITIAL_PROTOCOL_VERSION = '2024-11-05';

let opened = 0;

/** One client's session: who it belongs to, what was agreed, and what is in flight. */
export class Session implements ToolSession {
  readonly openedAt = Date.now();
  /** Spreads what is done for each session now and then over the ticks of one timer. */
  readonly ordinal = opened++;
  /** The session in log lines: the id itself is a secret of its client. */
  readonly logId: string;
  readonly calls = new Map<RequestId, PendingCall>();
  protocolVersion = INITIAL_PROTOCOL_VERSION;
  client: Implementation | undefined = undefined;
  clientCapabilities: ClientCapabilities = {};
  initialized = false;
  private logLevel: LoggingLevel = 'info';
  private shown: Principal;

  constructor(
    readonly id: string,
    principal: Principal,
    readonly stream: SessionStream,
  ) {
    this.shown = principal;
    this.logId = createHash('sha256').update(id).digest('base64url').slice(0, 12);
  }

  /** The owner, as the newest token that it has shown describes it. */
  get principal(): Principal {
    return this.shown;
  }

  /** The marks of the token that keeps this session, for the deny list. */
  get revocable(): RevocableToken {
    return this.shown;
  }

  isOwnedBy(principal: Principal): boolean {
    return this.shown.key === principal.key;
  }

  /** A refreshed token keeps the session: it lives as long as the newest one that its owner has shown. */
  show(principal: Principal): void {
    if (principal.issuedAt >= this.shown.issuedAt) this.shown = principal;
  }

  setLogLevel(level: LoggingLevel): void {
    this.logLevel = level;
  }

  wantsLog(level: LoggingLevel): boolean {
    return LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(this.logLevel);
  }

  send(message: string): void {
    this.stream.send(message);
  }

  abortCalls(cause: AbortCause): void {
    for (const call of this.calls.values()) call.abort(cause);
  }
}
