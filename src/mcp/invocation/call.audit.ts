import { Inject, Injectable } from '@nestjs/common';
import { type AuditActor, AuditTrail, type CallOutcome, type CallRecord } from '../../audit/index.js';
import type { Primitive } from '../catalog/primitive.js';
import type { RequestId } from '../messages/sdk-types.js';
import { shortened } from '../messages/json-rpc.js';
import type { Principal } from '../authorization/principal.js';
import { type AuditedArguments, argumentsIn, picked, without } from './audited-arguments.js';
import type { Call } from './call.js';
import type { Operation, CallKind } from './operation.js';

const MAX_REQUEST_ID = 64;

/** Writes the audit records of calls: caller, target, outcome. Does nothing where the trail is off. */
@Injectable()
export class CallAudit {
  constructor(@Inject(AuditTrail) private readonly trail: AuditTrail) {}

  /** True: so many records are waiting to be written that no further call may start. */
  get isFull(): boolean {
    return this.trail.isFull === true;
  }

  /**
   * With `AUDIT_SYNC=on`: resolves when the records so far are written, since a call must not be answered before.
   * Undefined: none is waiting.
   */
  settled(): Promise<void> | undefined {
    return this.trail.settled?.();
  }

  get isOn(): boolean {
    return this.trail.isOn;
  }

  ended(
    call: Call,
    operation: Pick<Operation, 'kind' | 'primitive'>,
    outcome: CallOutcome,
    durationMs: number,
  ): void {
    const { kind, primitive } = operation;
    if (!this.trail.isOn || !primitive.audit.isRecorded) return;
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

  /** Keeps the recorded part of a call's arguments before these are released. */
  keepArguments(call: Call, operation: Pick<Operation, 'kind' | 'primitive'>): void {
    if (!this.trail.isOn || !operation.primitive.audit.isRecorded) return;
    call.audited = this.argumentsOf(call, operation);
  }

  private argumentsOf(
    { request: { params } }: Call,
    { kind, primitive: { audit } }: Pick<Operation, 'kind' | 'primitive'>,
  ): AuditedArguments {
    const recorded = without(argumentsIn(kind, params), audit.redact);
    return { argumentHash: this.trail.digest(recorded), arguments: picked(recorded, audit.include) };
  }

  /** A call of a name that the caller cannot see; `hidden`: the primitive, if it exists. */
  unknown(call: Call, kind: CallKind, hidden: Primitive | undefined): void {
    if (!this.trail.isOn || hidden?.audit.isRecorded === false) return;
    this.trail.write({
      event: 'audit.call',
      kind,
      // An unknown name may contain a secret: it is not recorded.
      target: hidden?.key,
      outcome: hidden === undefined ? 'unknown' : 'hidden',
      ...callerOf(call),
    });
  }

  /** A call that was refused before it started. */
  refused(
    principal: Principal,
    id: RequestId,
    refusal: Pick<CallRecord, 'kind' | 'target' | 'outcome' | 'ip' | 'session' | 'protocolVersion'>,
  ): void {
    this.trail.write({ event: 'audit.call', ...refusal, requestId: cut(id), ...actorOf(principal) });
  }
}

function callerOf({ address: ip, id, reference, session, user }: Call): Partial<CallRecord> {
  const { logId, protocolVersion } = session;
  return { reference, ip, requestId: cut(id), session: logId, protocolVersion, ...actorOf(user) };
}

function actorOf({ subject, issuer, clientId, tokenId }: Principal): AuditActor {
  return { subject, issuer, clientId, tokenId };
}

/** The client chooses the id, which may be long. */
function cut(id: RequestId): RequestId {
  return typeof id === 'string' ? shortened(id, MAX_REQUEST_ID) : id;
}
