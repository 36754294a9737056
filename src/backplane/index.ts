export { BackplaneModule, type BackplaneOptions } from './backplane.module.js';
export { BackplaneRefused } from './backplane-refused.error.js';
export { BackplaneStatus } from './backplane.status.js';
export { BackplaneUnavailable } from './backplane-unavailable.error.js';
export { rateLimitHeaders } from './rate-limit-headers.js';
export { RateLimiter, type RateVerdict } from './rate-limiter.js';
export { MailError } from './shared/mail.error.js';
export { BackplaneNode } from './shared/backplane-node.js';
export { type Fields, Records, type RecordState } from './records.js';
export { EventStore, type StoredEvent } from './event-store.js';
export {
  denies,
  RevocationStore,
  type RevocableToken,
  type Revocation,
  type RevocationTarget,
} from './revocation-store.js';
export { ConcurrencyLimiter } from './concurrency-limiter.js';
export { boundTo } from './shared/freeing.limiter.js';
export { RATE_LIMIT_FORMAT, readRateLimit, type RateLimit } from '../config/index.js';
