import { Inject, Injectable } from '@nestjs/common';
import { type AuditActor, AuditTrail, type CallOutcome, type CallRecord } from '../../audit/index.js';
import { EventLogger, logString } from '../../lines/index.js';
import type { Principal } from '../authorization/principal.js';
import type { Primitive } from '../catalog/primitive.js';
import { isObject, type Params, shortened } from '../messages/json-rpc.js';
import type { RequestId } from '../messages/sdk-types.js';
import { type AuditedArguments, picked, without } from './audited-arguments.js';
import type { Call } from './call.js';
import type { Operation, CallKind } from './operation.js';

const CONTEXT = 'Call';
const MAX_REQUEST_ID = 64;

/** The logged part of the target. */
type Called = Pick<Operation, 'kind' | 'primitive'>;

/**
 * Writes the log lines and audit records of calls: caller, target, outcome, duration. The log never contains an
 * argument. No record is written where the trail is off.
 */
@Injectable()
export class CallLog {
  private readonly logger = new EventLogger(CONTEXT);

  constructor(@Inject(AuditTrail) private readonly trail: AuditTrail) {}

  begun(call: Call, { kind, primitive: { key: target } }: Operation): void {
    const logger = this.logger.at('debug');
    if (logger === undefined) return;
    const fields = `"event":"call.begun","${kind}":${logString(target)}${callerText(call)}`;
    logger.writeText('debug', CONTEXT, fields);
  }

  /**
   * With `AUDIT_SYNC=on`: resolves when the records so far are written, since a call must not be answered before.
   * Undefined: none is waiting.
   */
  ended(call: Call, operation: Called, outcome: CallOutcome, startedAt: number): Promise<void> | undefined {
    const { kind, primitive } = operation;
    const durationMs = Math.round((performance.now() - startedAt) * 1000) / 1000;
    const logger = this.logger.at('info');
    if (logger !== undefined) {
      const how = `"outcome":"${outcome}","durationMs":${durationMs}`;
      const fields = `"event":"call.ended","${kind}":${logString(primitive.key)},${how}${callerText(call)}`;
      logger.writeText('info', CONTEXT, fields);
    }
    if (this.trail.isOn && primitive.audit.isRecorded) {
      const { address: ip, id, reference, session, user } = call;
      const audited = call.audited ?? this.argumentsOf(call, operation);
      // One object literal, whose member order is that of the line, since this runs for each call.
      this.trail.write({
        event: 'audit.call',
        kind,
        target: primitive.key,
        outcome,
        durationMs,
        reference,
        ip,
        requestId: cut(id),
        session: session.logId,
        protocolVersion: session.protocolVersion,
        subject: user.subject,
        issuer: user.issuer,
        clientId: user.clientId,
        tokenId: user.tokenId,
        argumentHash: audited.argumentHash,
        arguments: audited.arguments,
      });
    }
    return this.trail.settled?.();
  }

  /** Keeps the recorded part of a call's arguments before these are released. */
  keepArguments(call: Call, operation: Called): void {
    if (!this.trail.isOn || !operation.primitive.audit.isRecorded) return;
    call.audited = this.argumentsOf(call, operation);
  }

  /** The recorded part of the arguments, as the client sent them. */
  private argumentsOf({ request: { params } }: Call, { kind, primitive }: Called): AuditedArguments {
    const { redact, include } = primitive.audit;
    let sent: unknown;
    if (kind === 'resource') sent = { uri: params['uri'] };
    else if (kind === 'completion') sent = completedArguments(params);
    else sent = params['arguments'] ?? {};
    const recorded = redact.length === 0 ? sent : without(sent, redact);
    return {
      argumentHash: this.trail.digest(recorded),
      arguments: include.length === 0 ? undefined : picked(recorded, include),
    };
  }

  /** A call of an unknown name, or of a primitive that is `hidden` from the caller. The name is not logged. */
  unknown(call: Call, kind: CallKind, hidden?: Primitive): void {
    const outcome: CallOutcome = hidden === undefined ? 'unknown' : 'hidden';
    const logger = this.logger.at('info');
    if (logger !== undefined) {
      const how = `"outcome":"${outcome}","durationMs":0`;
      logger.writeText('info', CONTEXT, `"event":"call.ended","kind":"${kind}",${how}${callerText(call)}`);
    }
    if (!this.trail.isOn || hidden?.audit.isRecorded === false) return;
    const { address: ip, id, reference, session, user } = call;
    const { logId, protocolVersion } = session;
    const caller = { reference, ip, requestId: cut(id), session: logId, protocolVersion, ...actorOf(user) };
    // An unknown name may contain a secret: it is not recorded.
    this.trail.write({ event: 'audit.call', kind, target: hidden?.key, outcome, ...caller });
  }

  /** Records a call that was refused before it started. */
  refused(
    principal: Principal,
    id: RequestId,
    refusal: Pick<CallRecord, 'kind' | 'target' | 'outcome' | 'ip' | 'session' | 'protocolVersion'>,
  ): void {
    if (!this.trail.isOn) return;
    this.trail.write({ event: 'audit.call', ...refusal, requestId: cut(id), ...actorOf(principal) });
  }

  /** An internal error; the client receives the call's reference only. */
  failed(call: Call, { kind, primitive: { key: target } }: Called, error: unknown): void {
    this.logger.error({ event: 'call.failed', [kind]: target, ...callerOf(call), err: error });
  }

  /** The structured content of a result was dropped. */
  dropped(call: Call, { kind, primitive: { key: target } }: Called, reason: unknown): void {
    this.logger.warn({ event: 'call.structure_dropped', [kind]: target, ...callerOf(call), err: reason });
  }
}

/** The members of {@link callerOf}, as text to append to a line. */
function callerText({ address, id, reference, session: { logId }, user }: Call): string {
  const requestId = typeof id === 'string' ? logString(shortened(id, MAX_REQUEST_ID)) : JSON.stringify(id);
  const session = logId === undefined ? '' : `,"session":${logString(logId)}`;
  const who = `,"subject":${logString(user.subject)},"client":${logString(user.clientId)}`;
  const ip = address === undefined ? '' : `,"ip":${logString(address)}`;
  return `,"requestId":${requestId}${session}${who}${ip},"reference":"${reference}"`;
}

function callerOf({ address: ip, id, reference, session, user }: Call): Record<string, unknown> {
  const { subject, clientId: client } = user;
  return { requestId: cut(id), session: session.logId, subject, client, ip, reference };
}

function actorOf({ subject, issuer, clientId, tokenId }: Principal): AuditActor {
  return { subject, issuer, clientId, tokenId };
}

/** The client chooses the id, which may be long. */
function cut(id: RequestId): RequestId {
  return typeof id === 'string' ? shortened(id, MAX_REQUEST_ID) : id;
}

/** Under their names in the prompt or template, so that its paths apply. */
function completedArguments({ argument, context }: Params): unknown {
  const { name, value } = isObject(argument) ? argument : {};
  const settled = isObject(context) && isObject(context['arguments']) ? context['arguments'] : {};
  return typeof name === 'string' ? Object.fromEntries([...Object.entries(settled), [name, value]]) : settled;
}
