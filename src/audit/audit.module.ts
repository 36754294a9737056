import { Global, Inject, Module, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { AUDIT_SETTINGS, AUTH_SETTINGS, type AuditSettings, type AuthSettings } from '../config/index.js';
import { AuditTrail } from './audit-trail.js';
import { LineAuditTrail } from './line-audit.trail.js';
import { RefusalLog } from './refusal.log.js';
import { SilentAuditTrail } from './silent-audit.trail.js';

function auditTrail({ destination, sync }: AuditSettings, { secret }: AuthSettings): AuditTrail {
  if (destination === 'off') return new SilentAuditTrail();
  return new LineAuditTrail(destination, secret, sync);
}

/** Writes records of calls and decisions to the destination `AUDIT_LOG`. Global: import it once, in the root module. */
@Global()
@Module({
  providers: [
    { provide: AuditTrail, inject: [AUDIT_SETTINGS, AUTH_SETTINGS], useFactory: auditTrail },
    RefusalLog,
  ],
  exports: [AuditTrail, RefusalLog],
})
export class AuditModule implements OnModuleInit, OnApplicationShutdown {
  constructor(@Inject(AuditTrail) private readonly trail: AuditTrail) {}

  /** Not in a provider factory: Nest would print a stack trace over the message about the setting. */
  onModuleInit(): void {
    if (this.trail instanceof LineAuditTrail) this.trail.open();
  }

  /** The last shutdown hook, so that events of the other hooks are recorded. */
  onApplicationShutdown(): void {
    if (this.trail instanceof LineAuditTrail) this.trail.close();
  }
}
