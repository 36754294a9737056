import { Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { ChangeAudience } from '../catalog/change.audience.js';
import { ChangeBroadcast } from '../catalog/change.broadcast.js';
import { type Change, LIST_NAMES } from '../catalog/change.feed.js';
import type { Session } from '../sessions/session.js';
import { SessionService } from '../sessions/session.service.js';
import { SessionStore } from '../sessions/session.store.js';
import { encodeNotification, type Params } from '../messages/json-rpc.js';

/** The notification for a change. */
export function notificationOf(change: Change): { readonly method: string; readonly params: Params } {
  return change.kind === 'list'
    ? { method: `notifications/${change.list}/list_changed`, params: {} }
    : { method: 'notifications/resources/updated', params: { uri: change.uri } };
}

/** Notifies the sessions with a stream on this node of changes. Requests without a session subscribe themselves. */
@Injectable()
export class ChangeAnnouncer implements OnModuleInit, OnModuleDestroy {
  private readonly logger = new Logger('Changes');
  private stop: (() => void) | undefined;

  constructor(
    private readonly changes: ChangeBroadcast,
    private readonly audience: ChangeAudience,
    private readonly sessions: SessionService,
    private readonly store: SessionStore,
  ) {}

  onModuleInit(): void {
    this.stop = this.changes.subscribe((change, offset) => {
      if (change !== undefined) this.announce(change, offset);
      else for (const session of this.sessions.list()) this.announceAll(session, offset);
    });
  }

  onModuleDestroy(): void {
    this.stop?.();
  }

  /** For a session that may have missed changes: announces every change that it could have missed. */
  announceAll(session: Session, offset?: string): void {
    const changes: Change[] = LIST_NAMES.map((list) => ({ kind: 'list', list }));
    for (const uri of session.subscriptions) changes.push({ kind: 'resource', uri });
    for (const change of changes) {
      const text = this.textFor(session, change);
      if (text !== undefined) session.send(text, offset);
    }
  }

  /** The notification of a change for a session. Undefined: it does not want it, or may not receive it. */
  textFor({ principal, subscriptions }: Session, change: Change): string | undefined {
    // Also before initialize: clients of /sse reconnect a broken stream without initializing again.
    const isWanted =
      change.kind === 'list' ||
      (subscriptions.has(change.uri) && this.audience.mayReceive(change, principal.scopes));
    return isWanted ? textOf(change) : undefined;
  }

  private announce(change: Change, offset: string | undefined): void {
    const text = change.kind === 'list' ? textOf(change) : undefined;
    for (const session of this.sessions.list()) {
      if (!session.hasStream) continue;
      if (text !== undefined) session.send(text, offset);
      else if (this.store.isStale(session)) void this.announceLater(session, change, offset);
      else this.announceTo(session, change, offset);
    }
  }

  /** Another node may have changed its subscriptions. */
  private async announceLater(session: Session, change: Change, offset: string | undefined): Promise<void> {
    try {
      await this.store.refresh(session);
    } catch (error) {
      this.logger.warn({ event: 'changes.session_not_read', session: session.logId, err: error });
    }
    this.announceTo(session, change, offset);
  }

  private announceTo(session: Session, change: Change, offset: string | undefined): void {
    const text = this.textFor(session, change);
    if (text !== undefined) session.send(text, offset);
  }
}

function textOf(change: Change): string {
  const { method, params } = notificationOf(change);
  return encodeNotification(method, params);
}
