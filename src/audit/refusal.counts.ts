import type { AuditActor } from './audit-record.js';
import type { RefusalCode } from './refusal-code.js';

const WINDOW_MS = 60_000;
/** Refusals with a line of their own per minute: of one address, and of one authenticated caller. */
const REPORTED_PER_ADDRESS = 5;
const REPORTED_PER_CALLER = 60;
/** Addresses and callers that are counted separately; all others share one count. */
const MAX_SENDERS = 500;

/** The refusals of one address or caller that got no line of their own. */
export interface CountedRefusals extends Pick<AuditActor, 'subject' | 'issuer'> {
  /** Absent: of several addresses. */
  readonly ip?: string | undefined;
  readonly count: number;
  /** The number for each reason. */
  readonly codes: Readonly<Record<string, number>>;
  /** Start of the minute, ISO 8601. */
  readonly since: string;
}

interface Sender {
  readonly ip: string | undefined;
  readonly actor: AuditActor | undefined;
  reported: number;
  readonly seen: Set<RefusalCode>;
  readonly counted: Map<RefusalCode, number>;
}

/**
 * Bounds what refusals may write, since a refused request costs its client nothing. In each minute the first refusals
 * of an address or caller are reported, and the first for each further reason. The others are counted, and `onCounted`
 * receives the counts at the end of the minute.
 */
export class RefusalCounts {
  private readonly senders = new Map<string, Sender>();
  private timer: NodeJS.Timeout | undefined;
  private since = '';

  constructor(private readonly onCounted: (counted: CountedRefusals) => void) {}

  /** Whether a refusal is reported by a line of its own. If not, it is counted. */
  shouldReport(code: RefusalCode, ip: string | undefined, actor: AuditActor | undefined): boolean {
    const sender = this.senderOf(ip, actor);
    const most = sender.actor === undefined ? REPORTED_PER_ADDRESS : REPORTED_PER_CALLER;
    if (sender.reported < most || !sender.seen.has(code)) {
      sender.reported += 1;
      sender.seen.add(code);
      return true;
    }
    sender.counted.set(code, (sender.counted.get(code) ?? 0) + 1);
    return false;
  }

  /** Reports the counts and starts a new minute. */
  flush(): void {
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
      this.timer = setTimeout(() => this.flush(), WINDOW_MS).unref();
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
      sender = { ...who, reported: 0, seen: new Set(), counted: new Map() };
      this.senders.set(key, sender);
    }
    return sender;
  }
}
