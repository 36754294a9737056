export type {
  AuditActor,
  AuditRecord,
  CallOutcome,
  CallRecord,
  DecisionRecord,
  RevokedRecord,
} from './audit-record.js';
export { CALL_OUTCOMES } from './audit-record.js';
export { AuditModule } from './audit.module.js';
export { AuditTrail } from './audit-trail.js';
