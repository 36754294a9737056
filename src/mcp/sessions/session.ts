import { createHash } from 'node:crypto';
import type { ToolSession } from '../decorators/mcp-tool.js';
import type { ClientCapabilities, Implementation, LoggingLevel, RequestId } from '../protocol/sdk-types.js';
import type { RevocableToken } from '../../backplane/index.js';
import type { Principal } from './principal.js';

/** How a session's messages travel. */
export type SessionTransport = 'http-sse' | 'streamable-http';

/** Why a session ended. */
export type SessionEnd =
  | 'client_disconnected'
  | 'slow_client'
  | 'token_expired'
  | 'token_revoked'
  | 'max_age'
  | 'idle'
  | 'deleted'
  | 'shutdown'
  | 'closed_by_server'
  | 'replaced';

/** Where messages to the client go. */
export interface MessageOutlet {
  /** Sends one JSON-RPC message, as text. Does nothing once there is nobody to send it to. */
  send(message: string): void;
}

/** A stream of messages that a transport holds open. */
export interface SessionStream extends MessageOutlet {
  /** Now and then: keeps the connection open, and finds out whether the client still reads. */
  heartbeat(): void;
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
export class Session implements ToolSession, MessageOutlet {
  readonly openedAt = Date.now();
  /** Spreads what is done for each session now and then over the ticks of one timer. */
  readonly ordinal = opened++;
  /** The session in log lines: the id itself is a secret of its client. */
  readonly logId: string;
  readonly calls = new Map<RequestId, PendingCall>();
  /** The streams that are open for it. */
  readonly streams = new Set<SessionStream>();
  protocolVersion = INITIAL_PROTOCOL_VERSION;
  client: Implementation | undefined = undefined;
  clientCapabilities: ClientCapabilities = {};
  initialized = false;
  private logLevel: LoggingLevel = 'info';
  private shown: Principal;
  private standing: SessionStream | undefined;
  private usedAt = Date.now();

  constructor(
    readonly id: string,
    principal: Principal,
    readonly transport: SessionTransport,
  ) {
    this.shown = principal;
    this.logId = createHash('sha256').update(id).digest('base64url').slice(0, 12);
  }

  /** The owner, as the newest token that it has shown describes it. */
  get principal(): Principal {
    return this.shown;
  }

  /** The marks of the token that keeps the session, for the deny list. */
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

  /** Sends a message that belongs to no request, if there is a stream for such. */
  send(message: string): void {
    this.standing?.send(message);
  }

  /** Makes `stream` the one for messages that belong to no request; the one before it is ended. */
  attach(stream: SessionStream): void {
    const before = this.standing;
    this.standing = stream;
    this.streams.add(stream);
    if (before !== stream) before?.end('replaced');
  }

  /** Forgets a stream that has ended. */
  detach(stream: SessionStream): void {
    this.streams.delete(stream);
    if (this.standing === stream) this.standing = undefined;
    this.touch();
  }

  /** Since when neither a stream nor a call has kept the session; milliseconds since the epoch. */
  get idleSince(): number | undefined {
    return this.streams.size === 0 && this.calls.size === 0 ? this.usedAt : undefined;
  }

  /** The session was used just now. */
  touch(): void {
    this.usedAt = Date.now();
  }

  abortCalls(cause: AbortCause): void {
    for (const call of this.calls.values()) call.abort(cause);
  }
}
