export type {
  AuditActor,
  AuditedOutcome,
  AuditRecord,
  CallRecord,
  DecisionRecord,
  RevokedRecord,
} from './audit-record.js';
export { AuditModule } from './audit.module.js';
export { AuditTrail } from './audit-trail.js';
