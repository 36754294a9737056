import type { RefusalCode } from '../../audit/index.js';
import { BackplaneUnavailable, type RateLimit, type RateVerdict } from '../../backplane/index.js';
import { ErrorCode, type RequestId } from './sdk-types.js';

/** −32000 to −32099 are the server's own; the SDKs use −32001 for a session that is not there. */
const SESSION_NOT_FOUND = -32001;

/** JSON-RPC leaves everything outside −32768 to −32000 to applications; this is the number of the HTTP status. */
export const RATE_LIMITED = 429;

/** The limit that a request is over. */
export interface ExceededLimit {
  /** The limit's name in the headers. */
  readonly policy: string;
  readonly limit: RateLimit;
  readonly verdict: RateVerdict;
}

export interface RefusalDetails {
  /** Of the JSON-RPC error; −32600 where it is left out. */
  readonly code?: number;
  /** Seconds, where trying again may help. */
  readonly retryAfter?: number;
  readonly exceeded?: ExceededLimit;
  /** Of the request that is refused, where it is one alone. */
  readonly id?: RequestId | null;
}

/** What a client sent is not taken, and none of it has begun. Each transport answers it in its own form. */
export class RefusedError extends Error {
  override readonly name: string = 'RefusedError';

  constructor(
    /** Stable, for log lines and programs: `unknown_session`. */
    readonly reason: RefusalCode,
    message: string,
    private readonly details: RefusalDetails = {},
  ) {
    super(message);
  }

  /** Of the JSON-RPC error object. */
  get code(): number {
    return this.details.code ?? ErrorCode.InvalidRequest;
  }

  get retryAfter(): number | undefined {
    return this.details.retryAfter;
  }

  get exceeded(): ExceededLimit | undefined {
    return this.details.exceeded;
  }

  get id(): RequestId | null {
    return this.details.id ?? null;
  }

  /** The same, of the request with this id. */
  of(id: RequestId): RefusedError {
    return new RefusedError(this.reason, this.message, { ...this.details, id });
  }
}

export function batchesUnsupported(): RefusedError {
  return new RefusedError(
    'malformed_message',
    'Batches are not part of this protocol version: send one message at a time',
  );
}

/** `reason`: for log and audit. A client that names the session of another caller is not told that it exists. */
export function unknownSession(
  reason: 'unknown_session' | 'foreign_session' = 'unknown_session',
): RefusedError {
  return new RefusedError(reason, 'There is no such session: open a new stream', { code: SESSION_NOT_FOUND });
}

export function missingSession(message: string): RefusedError {
  return new RefusedError('missing_session', message);
}

export function duplicateId(): RefusedError {
  return new RefusedError('duplicate_id', 'A request with this id is in progress');
}

export function shuttingDown(): RefusedError {
  return new RefusedError('shutting_down', 'The server is shutting down', {
    code: ErrorCode.ConnectionClosed,
    retryAfter: 1,
  });
}

/** The error, as a refusal where what the nodes share cannot be reached. */
export function asRefusal(error: unknown): unknown {
  if (!(error instanceof BackplaneUnavailable)) return error;
  const message = 'What the nodes of this server share cannot be reached now: try again';
  return new RefusedError('backplane_unavailable', message, { code: ErrorCode.InternalError, retryAfter: 1 });
}
