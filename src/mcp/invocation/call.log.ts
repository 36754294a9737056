import { Injectable, Logger } from '@nestjs/common';
import type { AuditedOutcome } from '../../audit/index.js';
import type { Entry } from '../catalog/entry.js';
import type { Call } from './call.js';
import { CallAudit } from './call.audit.js';
import type { Operation, OperationKind } from './operation.js';

/** How a call ended that was begun. */
export type CallOutcome = Exclude<
  AuditedOutcome,
  'unknown' | 'hidden' | 'insufficient_scope' | 'rate_limited'
>;

/**
 * The lifecycle lines of calls: who, what, how it ended, how long it took. Never an argument. And their records.
 */
@Injectable()
export class CallLog {
  private readonly logger = new Logger('Call');

  constructor(private readonly audit: CallAudit) {}

  begun(call: Call, { kind, target }: Operation): void {
    if (!Logger.isLevelEnabled('debug')) return;
    this.logger.debug({ event: 'call.begun', [kind]: target, ...caller(call) });
  }

  ended(call: Call, operation: Operation, outcome: CallOutcome, startedAt: number): void {
    const { kind, target } = operation;
    const durationMs = Math.round((performance.now() - startedAt) * 1000) / 1000;
    this.logger.log({ event: 'call.ended', [kind]: target, outcome, durationMs, ...caller(call) });
    this.audit.ended(call, operation, outcome, durationMs);
  }

  /** A name that is nothing of this caller's, `hidden` or not there: what the client sent is not logged. */
  unknown(call: Call, kind: OperationKind, hidden?: Entry): void {
    this.logger.log({ event: 'call.ended', outcome: `unknown_${kind}`, durationMs: 0, ...caller(call) });
    this.audit.unknown(call, kind, hidden);
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
