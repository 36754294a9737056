import type { AuditRecord } from './audit-record.js';

/**
 * Keeps audit records, apart from the log. A record never holds a token, a secret, or an argument that its author has
 * not declared harmless.
 */
export interface AuditTrail {
  /** False: no records are kept, and none need be built. */
  readonly isOn: boolean;
  /** Records the event with the current time: within 20 ms, or, with `AUDIT_SYNC=on`, before it returns. */
  write(record: AuditRecord): void;
  /** True: so many records are waiting to be written that no further call may start. */
  readonly isFull?: boolean;
  /** With `AUDIT_SYNC=on`: resolves when all records have been written. Undefined: none is waiting. */
  settled?(): Promise<void> | undefined;
  /**
   * HMAC-SHA256 (base64url) of the value's canonical JSON (RFC 8785). Equal values have equal digests, independent of
   * the order of their keys. Without the deployment's key a digest does not help to guess the value.
   */
  digest(value: unknown): string;
}

/** Injection token of the {@link AuditTrail} port. */
export const AuditTrail = Symbol('AuditTrail');
