import { Injectable, Logger } from '@nestjs/common';
import type { Call } from './call.js';
import type { Operation, OperationKind } from './operation.js';

/** How a call ended. */
export type CallOutcome =
  | 'ok'
  | 'tool_error'
  | 'invalid_arguments'
  | 'error'
  | 'input_required'
  | 'refused'
  | 'timeout'
  | 'cancelled'
  | 'session_closed'
  | 'shutdown';

/** The lifecycle lines of calls: who, what, how it ended, how long it took. Never an argument. */
@Injectable()
export class CallLog {
  private readonly logger = new Logger('Call');

  begun(call: Call, { kind, target }: Operation): void {
    if (!Logger.isLevelEnabled('debug')) return;
    this.logger.debug({ event: 'call.begun', [kind]: target, ...caller(call) });
  }

  ended(call: Call, { kind, target }: Operation, outcome: CallOutcome, startedAt: number): void {
    const durationMs = Math.round((performance.now() - startedAt) * 1000) / 1000;
    this.logger.log({ event: 'call.ended', [kind]: target, outcome, durationMs, ...caller(call) });
  }

  /** A name that is nothing of this caller's: what the client sent is not logged. */
  unknown(call: Call, kind: OperationKind): void {
    this.logger.log({ event: 'call.ended', outcome: `unknown_${kind}`, durationMs: 0, ...caller(call) });
  }

  /** An error that the client is not shown; `reference` is what it sees instead. */
  failed({ kind, target }: Operation, reference: string, error: unknown): void {
    this.logger.error({ event: 'call.failed', [kind]: target, reference, err: error });
  }
}

function caller(call: Call): Record<string, unknown> {
  // The id is the client's to choose, and may be long.
  const requestId = typeof call.id === 'string' ? call.id.slice(0, 64) : call.id;
  return { requestId, session: call.session.logId, subject: call.user.subject, client: call.user.clientId };
}
