import type { RevocableToken } from '../../backplane/index.js';
import type { ClientSession } from '../decorators/call-context.js';
import type { JsonRpcResponse } from '../messages/json-rpc.js';
import {
  type ClientCapabilities,
  type Implementation,
  isModernVersion,
  type LoggingLevel,
  type RequestId,
} from '../messages/sdk-types.js';
import type { Principal } from '../authorization/principal.js';

/** How a peer's messages travel. */
export type SessionTransport = 'http-sse' | 'streamable-http' | 'stdio';

/** Why a session ended. */
export type SessionEnd =
  | 'client_disconnected'
  | 'slow_client'
  /** What waits for its client is more than may be held for its user. */
  | 'over_budget'
  | 'token_expired'
  | 'token_revoked'
  | 'max_age'
  | 'idle'
  /** Its client has not answered two pings. */
  | 'unresponsive'
  /** At the limit of its user's sessions it made room for a new one. */
  | 'evicted'
  | 'deleted'
  | 'shutdown'
  | 'closed_by_server'
  | 'replaced';

/** Where messages to the client go. */
export interface MessageSink {
  /** Sends one JSON-RPC message, as text. Does nothing once the client has left. */
  send(message: string): void;
}

/** A stream of messages that a transport holds open. */
export interface SessionStream extends MessageSink {
  /** False: a stream of another node carries the messages of its session. */
  readonly isCarrying?: boolean;
  /** `offset`: of a change that all nodes tell of, by which a client can name it. */
  send(message: string, offset?: string): void;
  /** Now and then: keeps the connection open, and finds out whether the client still reads. */
  heartbeat(): void;
  end(reason: SessionEnd): void;
}

/** Why a call is given up before its handler has answered: its outcome. */
export type AbortCause =
  | 'cancelled'
  | 'timeout'
  | 'client_disconnected'
  | 'slow_client'
  | 'token_expired'
  | 'token_revoked'
  /** For another reason than those above. */
  | 'session_closed'
  | 'shutdown';

/** The outcome of the calls of a peer that ends. Where there are no sessions, closing the connection cancels its request. MCP 2026-07-28, Transports. */
export function causeOf(reason: SessionEnd, isSession: boolean): AbortCause {
  switch (reason) {
    case 'client_disconnected':
      return isSession ? reason : 'cancelled';
    case 'slow_client':
    case 'token_expired':
    case 'token_revoked':
    case 'shutdown':
      return reason;
    default:
      return 'session_closed';
  }
}

/** A call that the peer waits for. */
export interface PendingCall {
  /** The caller, by the token of its own request. */
  readonly user?: RevocableToken;
  /** It lasts until it is given up, and no drain waits for its end. */
  readonly isStanding?: true;
  abort(cause: AbortCause): void;
  /** Keeps the connection that its reply is waited for on; called every now and then. `now` as `performance.now()`. */
  keepAlive?(now: number): void;
}

/** A request of the server that the peer has not answered yet. */
export interface PendingInputRequest {
  answer(response: JsonRpcResponse): void;
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

let met = 0;

/** The client at the other end: who it is, what it can do, and what is in flight for it. */
export abstract class Peer implements ClientSession {
  /** Milliseconds since the epoch. */
  openedAt = Date.now();
  /** Spreads what is done for each peer now and then over the ticks of one timer. */
  readonly ordinal = met++;
  readonly calls = new Map<RequestId, PendingCall>();
  /** What it was asked, by the id of the request. */
  readonly inputRequests = new Map<RequestId, PendingInputRequest>();
  /** The streams that are open for it. */
  readonly streams = new Set<SessionStream>();
  client: Implementation | undefined = undefined;
  clientCapabilities: ClientCapabilities = {};
  /** Undefined: it wants no log messages. */
  protected logLevel: LoggingLevel | undefined;

  abstract readonly id: string | undefined;
  /** The session in log lines: the id itself is a secret of its client. */
  abstract readonly logId: string | undefined;
  abstract readonly protocolVersion: string;
  /** Who it is, as the newest token that it has shown describes it. */
  abstract readonly principal: Principal;
  /** When it ends for the sake of its token, see {@link endOf}; milliseconds since the epoch. */
  abstract readonly endsAt: number;

  /** Speaks a revision without sessions, 2026-07-28 or later. */
  get isModern(): boolean {
    return isModernVersion(this.protocolVersion);
  }

  /** Whether a revocation ends it altogether. */
  isEndedBy(revoked: (token: RevocableToken) => boolean): boolean {
    return revoked(this.principal);
  }

  /** Ends what a revoked token has brought, where the peer itself lives on by another. */
  endRevoked(_revoked: (token: RevocableToken) => boolean): void {}

  wantsLog(level: LoggingLevel): boolean {
    return this.logLevel !== undefined && LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(this.logLevel);
  }

  /** Its client shows a newer token: what it has brought lives as long as that. */
  refreshToken(_principal: Principal): void {}

  /** It was heard of just now. */
  touch(): void {}

  abortCalls(cause: AbortCause): void {
    for (const call of this.calls.values()) call.abort(cause);
  }
}
