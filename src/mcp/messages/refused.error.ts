import type { RefusalCode } from '../../audit/index.js';
import { BackplaneUnavailable, type RateLimit, type RateVerdict } from '../../backplane/index.js';
import { ErrorCode, type RequestId } from './sdk-types.js';

/** −32000 to −32099 are for servers; the SDKs use −32001 for an unknown session. */
const SESSION_NOT_FOUND = -32001;

/** JSON-RPC leaves codes outside −32768 to −32000 to applications; this one equals the HTTP status. */
export const RATE_LIMITED = 429;

/** The exceeded limit. */
export interface ExceededLimit {
  /** The limit's name in the headers. */
  readonly policy: string;
  readonly limit: RateLimit;
  readonly verdict: RateVerdict;
}

export interface RefusalDetails {
  /** Code of the JSON-RPC error; default −32600. */
  readonly code?: number;
  /** Seconds, where a retry may succeed. */
  readonly retryAfter?: number;
  readonly exceeded?: ExceededLimit;
  /** Id of the refused request, where it is a single one. */
  readonly id?: RequestId | null;
}

/** What a client sent is refused, and none of it has started. Each transport responds in its own form. */
export class RefusedError extends Error {
  override readonly name: string = 'RefusedError';

  constructor(
    /** Stable, for log lines and programs: `unknown_session`. */
    readonly reason: RefusalCode,
    message: string,
    readonly details: RefusalDetails = {},
  ) {
    super(message);
  }

  /** Code of the JSON-RPC error object. */
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

  /** The same refusal, with the request's id. */
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

/** `reason`: for log and audit. The client does not learn whether another caller's session exists. */
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

/** Converts an unreachable backplane to a refusal; returns any other error unchanged. */
export function asRefusal(error: unknown): unknown {
  if (!(error instanceof BackplaneUnavailable)) return error;
  const message = 'The server cannot reach the data that its nodes share: try again later';
  return new RefusedError('backplane_unavailable', message, { code: ErrorCode.InternalError, retryAfter: 1 });
}
