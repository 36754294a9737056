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
export { REFUSAL_CODES, type RefusalCode } from './refusal-code.js';
export { type Refusal, type RefusalEvent, RefusalLog, type RefusedRequest } from './refusal.log.js';
export { sessionName } from './session-name.js';
