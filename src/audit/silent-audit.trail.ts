import type { AuditTrail } from './audit-trail.js';

/** `AUDIT_LOG=off`: keeps no records. */
export class SilentAuditTrail implements AuditTrail {
  readonly isOn = false;

  write(): void {}

  digest(): string {
    return '';
  }
}
