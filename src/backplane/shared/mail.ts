import { Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { BackplaneUnavailable } from '../backplane-unavailable.error.js';
import type { LogEntry, LogFollower, Logs } from '../logs.js';
import { ExpiringMap } from '../memory/expiring-map.js';
import type { Fields, Records } from '../records.js';
import { MailError, type MailProblem } from './mail.error.js';
import type { Membership } from './membership.js';
import type { NodeFeed } from './node-feed.js';

const BOUND = { entries: 10_000, ttlMs: 600_000 };
const ASK_MS = 2_000;
const TELL_MS = 10_000;
/** A larger body is kept in a record, for as long as mail may wait. */
const MAX_INLINE = 65_536;
/** Share of the time of a question after which its handler is not started: the answer would be late. */
const BEGIN_SHARE = 0.8;
const RETRY_MS = 25;
const FORGET_EACH_MS = 1_000;

/** Handles mail of one kind. Resolves with the answer. */
export type MailHandler = (body: unknown, from: string) => unknown;

interface PendingAsk {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: MailError) => void;
}

/** Mail between two nodes. Each piece is handled at most once, and not after its deadline. */
export class Mail implements LogFollower {
  private readonly logger = new Logger('Backplane');
  private readonly handlers = new Map<string, MailHandler>();
  private readonly asked = new Map<string, PendingAsk>();
  /** Received mail, until its deadline: duplicates are dropped. */
  private readonly seen = new ExpiringMap<true>();
  private forgottenAt = 0;
  /** The engine has lost the inbox, and could not take a new one yet. */
  private hasNoInbox = false;

  constructor(
    private readonly logs: Logs,
    private readonly records: Records,
    private readonly feed: NodeFeed,
    private readonly membership: Membership,
  ) {
    feed.follow(inboxOf(membership.self), this);
    // A node that is connected again sends a heartbeat at once.
    membership.on('beaten', () => this.hasNoInbox && this.reopen());
  }

  /** Creates the inbox. Mail to a node without an inbox is refused. */
  async open(): Promise<void> {
    await this.logs.append(inboxOf(this.membership.self), { k: 'opened' }, BOUND);
  }

  on(kind: string, handler: MailHandler): void {
    this.handlers.set(kind, handler);
  }

  /** Resolves with the answer of the node. `body` and answer are JSON values. Rejects with {@link MailError}. */
  async ask(node: string, kind: string, body: unknown, ms = ASK_MS): Promise<unknown> {
    const state = await this.membership.check(node);
    if (state !== 'alive') throw new MailError(state);
    const id = randomUUID();
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const timer = setTimeout(() => reject(new MailError('timeout')), ms);
    this.asked.set(id, { resolve, reject });
    try {
      this.send(node, { i: id, k: kind, a: '1' }, body, ms * BEGIN_SHARE).catch(reject);
      return await promise;
    } finally {
      clearTimeout(timer);
      this.asked.delete(id);
    }
  }

  /** Resolves when the engine has accepted the mail. Rejects with {@link MailError}. */
  async tell(node: string, kind: string, body: unknown): Promise<void> {
    await this.send(node, { i: randomUUID(), k: kind }, body, TELL_MS);
  }

  take(log: string, batch: readonly LogEntry[]): void {
    for (const { fields } of batch) this.receive(fields);
    const now = performance.now();
    if (now - this.forgottenAt < FORGET_EACH_MS) return;
    this.forgottenAt = now;
    this.seen.sweep();
    this.feed.forget(log, batch.at(-1)!.offset);
  }

  gap(): void {
    this.logger.warn({ event: 'backplane.gap', log: 'inbox' });
    for (const { reject } of this.asked.values()) reject(new MailError('unsure'));
    this.reopen();
  }

  private reopen(): void {
    this.hasNoInbox = false;
    this.open().catch(() => (this.hasNoInbox = true));
  }

  /** Retries until the deadline. Duplicates are handled once. */
  private async send(node: string, head: Fields, body: unknown, ms: number): Promise<void> {
    const until = Date.now() + ms;
    const content = JSON.stringify(body ?? null);
    const isLarge = content.length > MAX_INLINE;
    const fields: Fields = {
      ...head,
      f: this.membership.self,
      b: isLarge ? '' : content,
      ...(isLarge ? { r: `mail:${head['i']}:${head['k']}` } : {}),
      u: String(Math.round(until + this.membership.skewMs)),
    };
    for (;;) {
      try {
        if (isLarge) await this.records.create(fields['r']!, { b: content }, TELL_MS);
        const offset = await this.logs.append(inboxOf(node), fields, { ...BOUND, existingOnly: true });
        if (offset === undefined) throw new MailError('unsure');
        return;
      } catch (error) {
        if (!(error instanceof BackplaneUnavailable)) throw error;
        if (Date.now() + RETRY_MS >= until) throw new MailError('unsure');
        await sleep(RETRY_MS);
      }
    }
  }

  private receive(fields: Fields): void {
    const { i: id = '', k: kind = '', u = '0' } = fields;
    const until = Number(u) - this.membership.skewMs;
    if (until < Date.now() || this.seen.get(`${kind}:${id}`) === true) return;
    this.seen.set(`${kind}:${id}`, true, until);
    this.handle(kind, id, fields).catch((error: unknown) => {
      this.logger.warn({ event: 'backplane.mail_failed', kind, err: error });
    });
  }

  private async handle(kind: string, id: string, fields: Fields): Promise<void> {
    const body = await this.bodyOf(fields);
    if (kind === 'answer') return this.settle(id, body as { problem?: MailProblem; answer?: unknown });
    const { f: from = '', a: isAsked } = fields;
    const reply = await this.run(kind, body, from);
    if (isAsked !== undefined) await this.send(from, { i: id, k: 'answer' }, reply, ASK_MS);
  }

  private async run(kind: string, body: unknown, from: string): Promise<object> {
    const handler = this.handlers.get(kind);
    if (handler === undefined) return { problem: 'unsupported' };
    try {
      return { answer: await handler(body, from) };
    } catch (error) {
      this.logger.error({ event: 'backplane.handler_failed', kind, err: error });
      return { problem: 'failed' };
    }
  }

  private settle(id: string, { problem, answer }: { problem?: MailProblem; answer?: unknown }): void {
    const pending = this.asked.get(id);
    if (problem !== undefined) pending?.reject(new MailError(problem));
    else pending?.resolve(answer);
  }

  private async bodyOf({ b = 'null', r }: Fields): Promise<unknown> {
    if (r === undefined) return JSON.parse(b);
    const record = await this.records.read(r);
    return record === undefined || record === 'ended' ? undefined : JSON.parse(record['b'] ?? 'null');
  }
}

function inboxOf(node: string): string {
  return `inbox:${node}`;
}
