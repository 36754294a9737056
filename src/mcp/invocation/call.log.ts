import { Injectable } from '@nestjs/common';
import type { CallOutcome } from '../../audit/index.js';
import { EventLogger, logString } from '../../lines/index.js';
import type { Primitive } from '../catalog/primitive.js';
import { shortened } from '../messages/json-rpc.js';
import type { Call } from './call.js';
import { CallAudit } from './call.audit.js';
import type { Operation, CallKind } from './operation.js';

const CONTEXT = 'Call';
const MAX_REQUEST_ID = 64;

/** The logged part of the target. */
type Called = Pick<Operation, 'kind' | 'primitive'>;

/**
 * Writes the log lines and audit records of calls: caller, target, outcome, duration. The log never contains an
 * argument.
 */
@Injectable()
export class CallLog {
  private readonly logger = new EventLogger(CONTEXT);

  constructor(private readonly audit: CallAudit) {}

  begun(call: Call, { kind, primitive: { key: target } }: Operation): void {
    const logger = this.logger.at('debug');
    if (logger === undefined) return;
    const fields = `"event":"call.begun","${kind}":${logString(target)}${callerText(call)}`;
    logger.writeText('debug', CONTEXT, fields);
  }

  ended(call: Call, operation: Called, outcome: CallOutcome, startedAt: number): void {
    const { kind, primitive } = operation;
    const target = primitive.key;
    const durationMs = Math.round((performance.now() - startedAt) * 1000) / 1000;
    const logger = this.logger.at('info');
    if (logger !== undefined) {
      const how = `"outcome":"${outcome}","durationMs":${durationMs}`;
      const fields = `"event":"call.ended","${kind}":${logString(target)},${how}${callerText(call)}`;
      logger.writeText('info', CONTEXT, fields);
    }
    this.audit.ended(call, operation, outcome, durationMs);
  }

  /** Keeps the recorded part of a call's arguments before these are released. */
  keepArguments(call: Call, operation: Called): void {
    this.audit.keepArguments(call, operation);
  }

  /** See {@link CallAudit.settled}. */
  settled(): Promise<void> | undefined {
    return this.audit.settled();
  }

  /** A call of an unknown name, or of a primitive that is `hidden` from the caller. The name is not logged. */
  unknown(call: Call, kind: CallKind, hidden?: Primitive): void {
    const outcome: CallOutcome = hidden === undefined ? 'unknown' : 'hidden';
    const logger = this.logger.at('info');
    if (logger !== undefined) {
      const how = `"outcome":"${outcome}","durationMs":0`;
      logger.writeText('info', CONTEXT, `"event":"call.ended","kind":"${kind}",${how}${callerText(call)}`);
    }
    this.audit.unknown(call, kind, hidden);
  }

  /** An internal error; the client receives the call's reference only. */
  failed(call: Call, { kind, primitive: { key: target } }: Called, error: unknown): void {
    this.logger.error({ event: 'call.failed', [kind]: target, ...caller(call), err: error });
  }

  /** The structured content of a result was dropped. */
  dropped(call: Call, { kind, primitive: { key: target } }: Called, reason: unknown): void {
    this.logger.warn({ event: 'call.structure_dropped', [kind]: target, ...caller(call), err: reason });
  }
}

/** The members of {@link caller}, as text to append to a line. */
function callerText({ address, id, reference, session: { logId }, user }: Call): string {
  const requestId = typeof id === 'string' ? logString(shortened(id, MAX_REQUEST_ID)) : JSON.stringify(id);
  const session = logId === undefined ? '' : `,"session":${logString(logId)}`;
  const who = `,"subject":${logString(user.subject)},"client":${logString(user.clientId)}`;
  const ip = address === undefined ? '' : `,"ip":${logString(address)}`;
  return `,"requestId":${requestId}${session}${who}${ip},"reference":"${reference}"`;
}

function caller(call: Call): Record<string, unknown> {
  // The client chooses the id, which may be long.
  const requestId = typeof call.id === 'string' ? shortened(call.id, MAX_REQUEST_ID) : call.id;
  const { address: ip, reference, session, user } = call;
  return { requestId, session: session.logId, subject: user.subject, client: user.clientId, ip, reference };
}
