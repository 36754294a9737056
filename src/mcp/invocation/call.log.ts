import { Injectable, Logger } from '@nestjs/common';
import type { CallOutcome } from '../../audit/index.js';
import type { Entry } from '../catalog/entry.js';
import { shortened } from '../messages/well-formed.js';
import type { Call } from './call.js';
import { CallAudit } from './call.audit.js';
import type { Operation, OperationKind } from './operation.js';

/** What is told of what was called. */
type Called = Pick<Operation, 'kind' | 'target' | 'entry'>;

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

  ended(call: Call, operation: Called, outcome: CallOutcome, startedAt: number): void {
    const { kind, target } = operation;
    const durationMs = Math.round((performance.now() - startedAt) * 1000) / 1000;
    this.logger.log({ event: 'call.ended', [kind]: target, outcome, durationMs, ...caller(call) });
    this.audit.ended(call, operation, outcome, durationMs);
  }

  /** Resolves when the records so far have left the process, where a call may not be answered before. */
  settled(): Promise<void> | undefined {
    return this.audit.settled();
  }

  /** A name that is nothing of this caller's, `hidden` or not there: what the client sent is not logged. */
  unknown(call: Call, kind: OperationKind, hidden?: Entry): void {
    const outcome: CallOutcome = hidden === undefined ? 'unknown' : 'hidden';
    this.logger.log({ event: 'call.ended', kind, outcome, durationMs: 0, ...caller(call) });
    this.audit.unknown(call, kind, hidden);
  }

  /** An error that the client is not shown; the reference of the call is what it sees instead. */
  failed(call: Call, { kind, target }: Called, error: unknown): void {
    this.logger.error({ event: 'call.failed', [kind]: target, ...caller(call), err: error });
  }

  /** A result goes out without its structured content. */
  dropped(call: Call, { kind, target }: Called, reason: unknown): void {
    this.logger.warn({ event: 'call.structure_dropped', [kind]: target, ...caller(call), err: reason });
  }
}

function caller(call: Call): Record<string, unknown> {
  // The id is the client's to choose, and may be long.
  const requestId = typeof call.id === 'string' ? shortened(call.id, 64) : call.id;
  const { address: ip, reference, session, user } = call;
  return { requestId, session: session.logId, subject: user.subject, client: user.clientId, ip, reference };
}
