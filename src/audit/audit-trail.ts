import type { AuditRecord } from './audit-record.js';

/**
 * Where it is kept who did what, apart from the log. A record never holds a token, a secret or an argument
 * that its author has not declared harmless.
 */
export interface AuditTrail {
  /** False: nobody keeps records, and none need be made. */
  readonly isOn: boolean;
  /** Writes the record down, with the time: within 20 ms, or, with `AUDIT_SYNC=on`, before it returns. */
  write(record: AuditRecord): void;
  /** True: so many records wait to be written that no further call may be begun. */
  readonly isFull?: boolean;
  /** With `AUDIT_SYNC=on`: resolves when all records have left the process. Undefined: there is nothing to wait for. */
  settled?(): Promise<void> | undefined;
  /**
   * HMAC-SHA256 (base64url) of the value's canonical JSON (RFC 8785): the same for equal values, whatever the order
   * of their keys, and of no use for guessing a value without the key of this deployment.
   */
  digest(value: unknown): string;
}

/** Injection token of the {@link AuditTrail} port. */
export const AuditTrail = Symbol('AuditTrail');
