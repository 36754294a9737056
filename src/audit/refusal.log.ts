import { Inject, Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import type { AuditActor } from './audit-record.js';
import { AuditTrail } from './audit-trail.js';
import type { RefusalCode } from './refusal-code.js';
import { RefusalCounts } from './refusal.counts.js';
import { sessionName } from './session-name.js';

const MAX_PATH = 256;
const MAX_REQUEST_ID = 64;

/** Events that report a refusal: of a token, of an HTTP request, and of a message over stdio. */
export type RefusalEvent = 'auth.refused' | 'request.refused' | 'message.refused';

/** The used properties of a refused request of Express or Node. */
export interface RefusedRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly originalUrl?: string | undefined;
  readonly ip?: string | undefined;
  readonly headers?: Readonly<Record<string, string | string[] | undefined>>;
}

export interface Refusal {
  readonly event: RefusalEvent;
  readonly code: RefusalCode;
  /** HTTP status of the answer. */
  readonly status?: number | undefined;
  /** The caller, where a signature proves it. */
  readonly actor?: AuditActor | undefined;
  /** The client's own id of the message. */
  readonly requestId?: string | number | null | undefined;
  /** For the log alone. */
  readonly detail?: string | undefined;
}

/**
 * Reports each refused request, in the log and as an audit record, with caller, address and session as far as known. If
 * one sender causes many, the first are reported individually and the others as counts at the end of the minute: see
 * {@link RefusalCounts}.
 */
@Injectable()
export class RefusalLog implements OnModuleDestroy {
  private readonly logger = new Logger('Refusal');
  private readonly counts = new RefusalCounts((counted) => {
    const { subject, ...rest } = counted;
    this.logger.warn({ event: 'refusals.counted', ...rest, ...(subject === undefined ? {} : { subject }) });
    if (!this.trail.isOn) return;
    this.trail.write({ event: 'audit.decision', decision: 'refused', code: 'counted', ...counted });
  });

  constructor(@Inject(AuditTrail) private readonly trail: AuditTrail) {}

  refused(request: RefusedRequest, { event, code, status, actor, requestId, detail }: Refusal): void {
    const { ip } = request;
    if (!this.counts.shouldReport(code, ip, actor)) return;
    const id = typeof requestId === 'string' ? requestId.slice(0, MAX_REQUEST_ID) : (requestId ?? undefined);
    const where = {
      method: request.method,
      path: pathOf(request),
      ip,
      status,
      session: sessionOf(request),
      requestId: id,
    };
    // The documented field names differ: `code` for a token, `reason` for a request.
    const why = event === 'auth.refused' ? { code } : { reason: code };
    const who = actor === undefined ? {} : { subject: actor.subject, client: actor.clientId };
    this.logger.warn({ event, ...why, ...where, ...who, ...(detail === undefined ? {} : { detail }) });
    if (!this.trail.isOn) return;
    const { subject, issuer, clientId, tokenId } = actor ?? {};
    const by = { subject, issuer, clientId, tokenId };
    this.trail.write({ event: 'audit.decision', decision: 'refused', code, ...where, ...by });
  }

  /** Reports the counts so far and starts a new minute. */
  flushCounts(): void {
    this.counts.flush();
  }

  onModuleDestroy(): void {
    this.flushCounts();
  }
}

/** Without its query. */
function pathOf({ originalUrl, url }: RefusedRequest): string | undefined {
  return (originalUrl ?? url)?.split('?', 1)[0]!.slice(0, MAX_PATH);
}

/**
 * The session that a request names, whether or not it is the caller's: by the header of /mcp or the query of /message.
 */
function sessionOf({ headers, originalUrl, url }: RefusedRequest): string | undefined {
  const header = headers?.['mcp-session-id'];
  const id = header ?? /[?&]sessionId=([^&]+)/.exec(originalUrl ?? url ?? '')?.[1];
  return id === undefined || id === '' ? undefined : sessionName(String(id));
}
