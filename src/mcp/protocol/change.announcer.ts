import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { ChangeAudience } from '../catalog/change.audience.js';
import { type Change, ChangeFeed, LIST_NAMES } from '../catalog/change.feed.js';
import type { Session } from '../sessions/session.js';
import { SessionService } from '../sessions/session.service.js';
import { encodeNotification, type Params } from '../messages/json-rpc.js';

/** The notification for a change. */
export function notificationOf(change: Change): { readonly method: string; readonly params: Params } {
  return change.kind === 'list'
    ? { method: `notifications/${change.list}/list_changed`, params: {} }
    : { method: 'notifications/resources/updated', params: { uri: change.uri } };
}

/** Notifies the sessions on this node of changes. Requests without a session subscribe themselves. */
@Injectable()
export class ChangeAnnouncer implements OnModuleInit, OnModuleDestroy {
  private stop: (() => void) | undefined;

  constructor(
    private readonly changes: ChangeFeed,
    private readonly audience: ChangeAudience,
    private readonly sessions: SessionService,
  ) {}

  onModuleInit(): void {
    this.stop = this.changes.subscribe((change) => this.announce(change));
  }

  onModuleDestroy(): void {
    this.stop?.();
  }

  /** For a session that may have missed changes: announces all that it could have missed. */
  announceAll(session: Session): void {
    const changes: Change[] = LIST_NAMES.map((list) => ({ kind: 'list', list }));
    for (const uri of session.subscriptions) changes.push({ kind: 'resource', uri });
    for (const change of changes) if (this.wants(session, change)) session.send(textOf(change));
  }

  private announce(change: Change): void {
    const message = textOf(change);
    for (const session of this.sessions.list()) if (this.wants(session, change)) session.send(message);
  }

  private wants(session: Session, change: Change): boolean {
    // Also before initialize: clients of /sse reconnect a broken stream without initializing again.
    if (change.kind === 'list') return true;
    return (
      session.subscriptions.has(change.uri) && this.audience.mayReceive(change, session.principal.scopes)
    );
  }
}

function textOf(change: Change): string {
  const { method, params } = notificationOf(change);
  return encodeNotification(method, params);
}
