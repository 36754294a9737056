import type { RefusalCode } from '../../audit/index.js';
import { HttpException, HttpStatus } from '@nestjs/common';
import { BackplaneUnavailable } from '../../backplane/index.js';
import { BudgetExceededError } from '../limits/in-flight.budgets.js';
import { ErrorCode, type RequestId } from '../messages/sdk-types.js';

/**
 * A request that is refused before its message is taken. Answered with `status` and a JSON-RPC error
 * object of `code`, or, where no message is expected, with OAuth's `{ error, error_description }`.
 */
export class RequestRefused extends HttpException {
  constructor(
    status: HttpStatus,
    /** Stable, for log lines and programs: `unknown_session`. */
    readonly reason: RefusalCode,
    message: string,
    readonly code: number = ErrorCode.InvalidRequest,
    /** Seconds, where trying again may help. */
    readonly retryAfter?: number,
    /** Of the request that is refused, where it is one alone. */
    readonly id: RequestId | null = null,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super({ error: reason, error_description: message }, status);
    this.message = message;
  }

  /** The same, of the request with this id. */
  of(id: RequestId): RequestRefused {
    const { code, headers, message, reason, retryAfter } = this;
    return new RequestRefused(this.getStatus(), reason, message, code, retryAfter, id, headers);
  }
}

/** −32000 to −32099 are the server's own; the SDKs use −32001 for a session that is not there. */
const SESSION_NOT_FOUND = -32001;

/** JSON-RPC leaves everything outside −32768 to −32000 to applications; this is the number of the status. */
const RATE_LIMITED = 429;

export function missingSession(message: string): RequestRefused {
  return new RequestRefused(HttpStatus.BAD_REQUEST, 'missing_session', message);
}

export function batchesUnsupported(): RequestRefused {
  return new RequestRefused(
    HttpStatus.BAD_REQUEST,
    'malformed_message',
    'Batches are not part of this protocol version: send one message at a time',
  );
}

/** `reason`: for log and audit. A client that names the session of another caller is not told that it exists. */
export function unknownSession(
  reason: 'unknown_session' | 'foreign_session' = 'unknown_session',
): RequestRefused {
  return new RequestRefused(
    HttpStatus.NOT_FOUND,
    reason,
    'There is no such session: open a new stream',
    SESSION_NOT_FOUND,
  );
}

export function unknownEvent(): RequestRefused {
  return new RequestRefused(
    HttpStatus.BAD_REQUEST,
    'unknown_event',
    'The event named by Last-Event-ID is not there any more: open the stream without it',
  );
}

export function tooManySessions(): RequestRefused {
  return new RequestRefused(
    HttpStatus.TOO_MANY_REQUESTS,
    'too_many_sessions',
    'This user has as many sessions in use as one may; close one first',
    ErrorCode.InvalidRequest,
    5,
  );
}

/** `headers` tell when to come again, and by which limit. */
export function rateLimited(
  message: string,
  id: RequestId | null,
  headers: Readonly<Record<string, string>>,
): RequestRefused {
  const status = HttpStatus.TOO_MANY_REQUESTS;
  return new RequestRefused(status, 'rate_limited', message, RATE_LIMITED, undefined, id, headers);
}

/** Seconds until trying again is likely to help where too much is in flight. */
const BUDGET_RETRY = 2;

/**
 * What a budget refuses, as a refusal of the request: 429 for a user's own, 503 for the server's. 503 too where what the
 * nodes share cannot be reached. Any other error itself.
 */
export function asRefusal(error: unknown): unknown {
  if (error instanceof BackplaneUnavailable) return backplaneUnavailable();
  if (!(error instanceof BudgetExceededError)) return error;
  const { message, whose, what } = error;
  return whose === 'user'
    ? new RequestRefused(
        HttpStatus.TOO_MANY_REQUESTS,
        what === 'calls' ? 'too_many_calls' : 'too_many_bytes',
        message,
        RATE_LIMITED,
        BUDGET_RETRY,
      )
    : new RequestRefused(
        HttpStatus.SERVICE_UNAVAILABLE,
        'server_full',
        message,
        ErrorCode.InternalError,
        BUDGET_RETRY,
      );
}

function backplaneUnavailable(): RequestRefused {
  return new RequestRefused(
    HttpStatus.SERVICE_UNAVAILABLE,
    'backplane_unavailable',
    'What the nodes of this server share cannot be reached now: try again',
    ErrorCode.InternalError,
    1,
  );
}

/** What a caller has done must be known afterwards. */
export function auditUnavailable(): RequestRefused {
  return new RequestRefused(
    HttpStatus.SERVICE_UNAVAILABLE,
    'audit_unavailable',
    'Calls cannot be recorded now: try again later',
    ErrorCode.InternalError,
    5,
  );
}

export function shuttingDown(): RequestRefused {
  return new RequestRefused(
    HttpStatus.SERVICE_UNAVAILABLE,
    'shutting_down',
    'The server is shutting down',
    ErrorCode.ConnectionClosed,
    1,
  );
}
