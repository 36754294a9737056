import type { RevocableToken } from '../../backplane/index.js';
import type { ClientSession } from '../decorators/call-context.js';
import type { JsonRpcResponse, MessageText } from '../messages/json-rpc.js';
import {
  type ClientCapabilities,
  type Implementation,
  type LoggingLevel,
  type RequestId,
} from '../messages/sdk-types.js';
import type { Principal } from '../authorization/principal.js';

/** The transport of a peer's messages. */
export type SessionTransport = 'http-sse' | 'streamable-http' | 'stdio';

/** Why a session ended. */
export type SessionEnd =
  | 'client_disconnected'
  | 'slow_client'
  /** The messages that wait for the client exceed the byte budget of its user. */
  | 'over_budget'
  | 'token_expired'
  | 'token_revoked'
  | 'max_age'
  | 'idle'
  /** The client has not answered two pings. */
  | 'unresponsive'
  /** The user opened a session above the limit; this was the oldest one not in use. */
  | 'evicted'
  | 'deleted'
  | 'shutdown'
  | 'closed_by_server'
  | 'replaced';

/** Receives messages for the client. */
export interface MessageSink {
  /** Sends one JSON-RPC message. Does nothing once the client has disconnected. */
  send(message: MessageText): void;
}

/** Takes messages ahead of a reply. */
export interface ReplySink extends MessageSink {
  /** False: the client has no stream for them. */
  readonly reachesClient?: boolean;
  /**
   * Calls back exactly once, when the reply is known to be sent completely or not: `isWhole`. A stream that outlives
   * the reply has it completely as soon as it takes it.
   */
  whenSent(listener: (isWhole: boolean) => void): void;
  /** Closes the connection of their stream, where the client can reconnect for the rest. */
  closeStream?(): void;
  /** Keeps the connection of a slow reply open; called at intervals. `now` as `performance.now()`. */
  keepAlive?(now: number): void;
}

/** An open stream of messages to the client. */
export interface SessionStream extends MessageSink {
  /** False: the messages of the session go to a stream on another node. */
  readonly isCarrying?: boolean;
  /** `offset`: the position on the bus of a change that all nodes announce; it becomes the event id. */
  send(message: MessageText, offset?: string): void;
  /** Called at intervals: keeps the connection open, and checks whether the client still reads. */
  heartbeat(): void;
  end(reason: SessionEnd): void;
}

/** Why a call is aborted before its handler has answered. It is the outcome in log and audit. */
export type AbortCause =
  | 'cancelled'
  | 'timeout'
  | 'client_disconnected'
  | 'slow_client'
  | 'token_expired'
  | 'token_revoked'
  /** The session ended for a reason not listed above. */
  | 'session_closed'
  | 'shutdown';

/**
 * The outcome of the calls of a peer that ends. Without a session, closing the connection cancels the request. MCP
 * 2026-07-28, Transports.
 */
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

/** A call in flight. */
export interface PendingCall {
  /** The user and token of the request that started the call. */
  readonly user?: RevocableToken;
  /** It runs until it is aborted, such as a subscription. A drain does not wait for it. */
  readonly isStanding?: true;
  abort(cause: AbortCause): void;
  /** Keeps the connection open that waits for the reply. Called at intervals; `now` as `performance.now()`. */
  keepAlive?(now: number): void;
}

/**
 * The calls in flight of a peer, by the ids of their requests. The first one needs no map: a long-lived map that gains
 * and loses an entry with each call leaves garbage in V8's old generation.
 */
export class PendingCalls {
  private id: RequestId | undefined = undefined;
  private first: PendingCall | undefined = undefined;
  private others: Map<RequestId, PendingCall> | undefined = undefined;

  get size(): number {
    return (this.first === undefined ? 0 : 1) + (this.others?.size ?? 0);
  }

  has(id: RequestId): boolean {
    return (this.first !== undefined && this.id === id) || this.others?.has(id) === true;
  }

  get(id: RequestId): PendingCall | undefined {
    return this.first !== undefined && this.id === id ? this.first : this.others?.get(id);
  }

  /** `id`: of no call in flight. */
  add(id: RequestId, call: PendingCall): void {
    if (this.first !== undefined) {
      this.others ??= new Map();
      this.others.set(id, call);
      return;
    }
    this.id = id;
    this.first = call;
  }

  delete(id: RequestId): void {
    if (this.first !== undefined && this.id === id) {
      this.id = this.first = undefined;
    } else if (this.others?.delete(id) === true && this.others.size === 0) {
      this.others = undefined;
    }
  }

  /** A copy: an aborted call may end at once. */
  values(): readonly PendingCall[] {
    const others = this.others === undefined ? NO_CALLS : [...this.others.values()];
    return this.first === undefined ? others : [this.first, ...others];
  }
}

const NO_CALLS: readonly PendingCall[] = [];

/** A request of the server to the client that is not answered yet. */
export interface PendingInputRequest {
  answer(response: JsonRpcResponse): void;
}

/** The levels of RFC 5424, as MCP names them. A client receives its level and all above. */
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

/** A client: its user, its capabilities, and its calls and streams. */
export abstract class Peer implements ClientSession {
  /** Milliseconds since the epoch. */
  openedAt = Date.now();
  /** When the client was last active; milliseconds since the epoch. */
  usedAt = this.openedAt;
  /** Spreads periodic work over the ticks of one timer. */
  readonly ordinal = met++;
  readonly calls = new PendingCalls();
  /** The open streams. */
  readonly streams = new Set<SessionStream>();
  client: Implementation | undefined = undefined;
  clientCapabilities: ClientCapabilities = {};
  /** Undefined: the client wants no log messages. */
  protected logLevel: LoggingLevel | undefined = undefined;

  /** Created on first use: few clients get requests, and an idle session would keep an unused map. */
  private asked: Map<RequestId, PendingInputRequest> | undefined = undefined;

  abstract readonly id: string | undefined;
  /** Names the session in log lines. The id itself is a secret of the client. */
  abstract readonly logId: string | undefined;
  abstract readonly protocolVersion: string;
  /** The client uses a revision without sessions, 2026-07-28 or later. */
  abstract readonly isModern: boolean;
  /** The user, by the newest token that the client has sent. */
  abstract readonly principal: Principal;
  /** When the token ends, see {@link endOf}; milliseconds since the epoch. */
  abstract readonly endsAt: number;

  /** Requests of the server that the client has not answered, by id. */
  get inputRequests(): Map<RequestId, PendingInputRequest> {
    return (this.asked ??= new Map());
  }

  /** Whether a revocation ends the peer. */
  isEndedBy(revoked: (token: RevocableToken) => boolean): boolean {
    return revoked(this.principal);
  }

  /** Ends the calls and streams that a revoked token opened, where the peer continues with a newer token. */
  endRevoked(_revoked: (token: RevocableToken) => boolean): void {}

  wantsLog(level: LoggingLevel): boolean {
    return this.logLevel !== undefined && LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(this.logLevel);
  }

  /** The client sends a newer token; the peer now lives as long as that one. Only a session has more than one token. */
  refreshToken?(principal: Principal, now?: number): void;

  abortCalls(cause: AbortCause): void {
    for (const call of this.calls.values()) call.abort(cause);
  }
}

/** When something that a token authorized at `now` ends: at its expiry or, where that has passed, at `refusedFrom`. */
export function endOf({ expiresAt, refusedFrom }: Principal, now = Date.now()): number {
  return now < expiresAt ? expiresAt : refusedFrom;
}
