import type { AuditActor } from './audit-record.js';

/** The SDK's `AuthInfo`, as the guard leaves it on a request that it lets in. */
export interface IdentifiedCaller {
  readonly clientId?: string;
  readonly extra?: { readonly subject?: unknown; readonly issuer?: unknown; readonly tokenId?: unknown };
}

/** Who a request's caller is, in a record. */
export function actorOf({ clientId, extra = {} }: IdentifiedCaller): AuditActor {
  const { subject, issuer, tokenId } = extra;
  return { subject: textIn(subject), issuer: textIn(issuer), clientId, tokenId: textIn(tokenId) };
}

function textIn(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
