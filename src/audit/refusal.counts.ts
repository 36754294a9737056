import type { AuditActor } from './audit-record.js';
import type { RefusalCode } from './refusal-code.js';

const WINDOW_MS = 60_000;
/** Told one by one in a window: of an address, and of a caller whom a token has named. */
const TOLD_OF_ADDRESS = 5;
const TOLD_OF_CALLER = 60;
/** Addresses and callers that are kept apart; those beyond share one count. */
const MAX_SENDERS = 500;

/** The refusals of one address or caller that were not told one by one. */
export interface CountedRefusals extends Pick<AuditActor, 'subject' | 'issuer'> {
  /** Absent: of many addresses. */
  readonly ip?: string | undefined;
  readonly count: number;
  /** How many for each reason. */
  readonly codes: Readonly<Record<string, number>>;
  /** Begin of the minute, ISO 8601. */
  readonly since: string;
}

interface Sender {
  readonly ip: string | undefined;
  readonly actor: AuditActor | undefined;
  told: number;
  readonly seen: Set<RefusalCode>;
  readonly counted: Map<RefusalCode, number>;
}

/**
 * Bounds what refusals may write, since they cost the client that is refused nothing. In each minute the first refusals
 * of an address or caller are told, and the first for each further reason; the others are counted, and `onCounted` hears
 * of them when the minute is over.
 */
export class RefusalCounts {
  private readonly senders = new Map<string, Sender>();
  private timer: NodeJS.Timeout | undefined;
  private since = '';

  constructor(private readonly onCounted: (counted: CountedRefusals) => void) {}

  /** Whether a refusal is told by a line of its own. If not, it is counted. */
  mayTell(code: RefusalCode, ip: string | undefined, actor: AuditActor | undefined): boolean {
    const sender = this.senderOf(ip, actor);
    const most = sender.actor === undefined ? TOLD_OF_ADDRESS : TOLD_OF_CALLER;
    if (sender.told < most || !sender.seen.has(code)) {
      sender.told += 1;
      sender.seen.add(code);
      return true;
    }
    sender.counted.set(code, (sender.counted.get(code) ?? 0) + 1);
    return false;
  }

  /** Tells what was counted, and begins anew. */
  tell(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const senders = [...this.senders.values()];
    this.senders.clear();
    for (const { ip, actor, counted } of senders) {
      if (counted.size === 0) continue;
      const count = [...counted.values()].reduce((sum, one) => sum + one, 0);
      const { subject, issuer } = actor ?? {};
      this.onCounted({ ip, subject, issuer, count, codes: Object.fromEntries(counted), since: this.since });
    }
  }

  private senderOf(ip: string | undefined, actor: AuditActor | undefined): Sender {
    if (this.timer === undefined) {
      this.since = new Date().toISOString();
      this.timer = setTimeout(() => this.tell(), WINDOW_MS).unref();
    }
    const own =
      actor === undefined ? `address ${ip}` : `caller ${JSON.stringify([actor.issuer, actor.subject])}`;
    const isKept = this.senders.has(own) || this.senders.size < MAX_SENDERS;
    const key = isKept ? own : 'others';
    let sender = this.senders.get(key);
    if (sender === undefined) {
      const who = isKept
        ? { ip: actor === undefined ? ip : undefined, actor }
        : { ip: undefined, actor: undefined };
      sender = { ...who, told: 0, seen: new Set(), counted: new Map() };
      this.senders.set(key, sender);
    }
    return sender;
  }
}
