import { Inject, Injectable } from '@nestjs/common';
import type { CallOutcome } from '../../audit/index.js';
import { CallAudit } from '../invocation/call.audit.js';
import { CALL_KINDS } from '../invocation/operation.js';
import type { Peer } from '../sessions/peer.js';
import { auditUnavailable } from '../sessions/request-refused.js';
import type { Principal } from '../sessions/principal.js';
import { type Feature, FEATURES, type Method } from './feature.js';
import type { JsonRpcMessage } from '../messages/json-rpc.js';

/** Records calls that never began. */
@Injectable()
export class RefusedCalls {
  private readonly methods: ReadonlyMap<string, Method>;

  constructor(
    @Inject(FEATURES) features: readonly Feature[],
    private readonly audit: CallAudit,
  ) {
    const methods = features.flatMap((feature) => feature.methods);
    this.methods = new Map(methods.map((method) => [method.name, method]));
  }

  /** Refuses calls (503) while so many records wait to be written that theirs might be lost. */
  assertRecordable(messages: readonly JsonRpcMessage[]): void {
    if (!this.audit.isFull) return;
    if (messages.some((one) => one.kind === 'request' && CALL_KINDS.has(one.method)))
      throw auditUnavailable();
  }

  /** Those of the messages that are calls. The peer is not known yet where a whole HTTP request is refused. */
  record(
    messages: readonly JsonRpcMessage[],
    principal: Principal,
    outcome: CallOutcome,
    address: string | undefined,
    peer?: Peer,
  ): void {
    if (!this.audit.isOn) return;
    for (const message of messages) {
      const kind = message.kind === 'request' ? CALL_KINDS.get(message.method) : undefined;
      if (message.kind !== 'request' || kind === undefined) continue;
      const entry = this.methods.get(message.method)?.entry?.(message.params);
      if (entry?.audit.isRecorded === false) continue;
      this.audit.refused(principal, message.id, {
        kind,
        target: entry?.key,
        outcome,
        ip: address,
        session: peer?.logId,
        protocolVersion: peer?.protocolVersion,
      });
    }
  }
}
