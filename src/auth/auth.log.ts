import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Request } from 'express';
import {
  type AuditActor,
  AuditTrail,
  type DecisionRecord,
  type RefusalCode,
  RefusalLog,
} from '../audit/index.js';
import type { Revocation } from '../backplane/index.js';
import type { Principal } from '../mcp/index.js';
import { pathOf } from './protected-resource.js';
import { tokenIdOf } from './tokens/token-id.js';

const MAX_LOGGED_PATH = 256;

/** Logs and audits the decisions of this module, never a token. */
@Injectable()
export class AuthLog {
  private readonly logger = new Logger('Auth');

  constructor(
    @Inject(AuditTrail) private readonly trail: AuditTrail,
    private readonly refusals: RefusalLog,
  ) {}

  /** `actor`: the caller, if a valid signature proves it. */
  refused(request: Request, code: RefusalCode, status: number, actor?: AuditActor): void {
    this.refusals.refused(request, { event: 'auth.refused', code, status, actor });
  }

  revoked(request: Request, principal: Principal, kind: string, revocations: readonly Revocation[]): void {
    this.logger.log({ event: 'auth.revoked', kind });
    const revoked = revocations.map(({ target }) => {
      switch (target.kind) {
        case 'token':
          return { tokenId: target.tokenId };
        case 'jti':
          return { tokenId: tokenIdOf('', target.issuer, target.jti) };
        case 'subject':
          return { issuer: target.issuer, subject: target.subject };
      }
    });
    this.record(principal, { decision: 'revoked', code: kind, ...placeOf(request), revoked });
  }

  issued(request: Request, token: AuditActor, scope: string): void {
    if (!this.trail.isOn) return;
    const decision = { decision: 'issued', code: 'development_token', ...placeOf(request), scope } as const;
    this.trail.write({ event: 'audit.decision', ...decision, ...token });
  }

  private record(principal: Principal, decision: Omit<DecisionRecord, 'event' | keyof AuditActor>): void {
    if (!this.trail.isOn) return;
    const { subject, issuer, clientId, tokenId } = principal;
    this.trail.write({ event: 'audit.decision', ...decision, subject, issuer, clientId, tokenId });
  }
}

function placeOf(request: Request): {
  readonly method: string;
  readonly path: string;
  ip: string | undefined;
} {
  return { method: request.method, path: pathOf(request).slice(0, MAX_LOGGED_PATH), ip: request.ip };
}
