import type { AuditRecord } from './audit-record.js';

/**
 * Where it is kept who did what, apart from the log. A record never holds a token, a secret or an argument
 * that its author has not declared harmless.
 */
export interface AuditTrail {
  /** False: nobody keeps records, and none need be made. */
  readonly isOn: boolean;
  /** Writes the record down, with the time. When it returns, the record has been handed to the system. */
  write(record: AuditRecord): void;
  /**
   * HMAC-SHA256 (base64url) of the value's canonical JSON (RFC 8785): the same for equal values, whatever the order
   * of their keys, and of no use for guessing a value without the key of this deployment.
   */
  digest(value: unknown): string;
}

/** Injection token of the {@link AuditTrail} port. */
export const AuditTrail = Symbol('AuditTrail');
