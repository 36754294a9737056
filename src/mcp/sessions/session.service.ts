import { Inject, Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { denies, RevocationStore } from '../../backplane/index.js';
import { MCP_OPTIONS, type McpModuleOptions } from '../mcp.options.js';
import type { Principal } from './principal.js';
import { Session, type SessionEnd, type SessionTransport } from './session.js';
import { SessionLedger } from './session.ledger.js';
import { shuttingDown, unknownSession } from './request-refused.js';

/** 128 bits from a CSPRNG. MCP 2025-11-25, Transports, "Session Management". */
const SESSION_ID_BYTES = 16;

/**
 * The sessions whose streams end on this node. A session belongs to the principal that opened it, and ends
 * with its stream, at the expiry or revocation of its newest token, or at its maximal age.
 */
@Injectable()
export class SessionService implements OnModuleInit, OnModuleDestroy {
  private readonly logger = new Logger('Session');
  private readonly sessions = new Map<string, Session>();
  private stopListening: (() => void) | undefined;
  private draining = false;

  constructor(
    private readonly ledger: SessionLedger,
    @Inject(RevocationStore) private readonly revocations: RevocationStore,
    @Inject(MCP_OPTIONS) private readonly options: McpModuleOptions,
  ) {}

  onModuleInit(): void {
    this.stopListening = this.revocations.onRevoked((revocation) => {
      this.closeWhere((session) => denies(revocation, session.revocable), 'token_revoked');
    });
  }

  onModuleDestroy(): void {
    this.stopListening?.();
    this.closeWhere(() => true, 'shutdown');
  }

  get size(): number {
    return this.sessions.size;
  }

  /** The sessions on this node, oldest first. */
  list(): readonly Session[] {
    return [...this.sessions.values()];
  }

  /** True once no new session or call is taken. */
  get isDraining(): boolean {
    return this.draining;
  }

  /** Opens a session. Rejects with 429 when the principal has as many as it may, with 503 during shutdown. */
  async open(principal: Principal, transport: SessionTransport): Promise<Session> {
    if (this.draining) throw shuttingDown();
    const id = randomBytes(SESSION_ID_BYTES).toString('base64url');
    await this.ledger.enter(id, principal);
    if (this.draining) {
      await this.ledger.leave(id, principal);
      throw shuttingDown();
    }
    const session = new Session(id, principal, transport);
    this.sessions.set(id, session);
    this.logger.log({ event: 'session.opened', ...describe(session) });
    return session;
  }

  /** The session of this id, if it is `principal`'s own and travels this way; 404 otherwise. */
  find(id: string, principal: Principal, transport: SessionTransport): Session {
    const session = this.sessions.get(id);
    if (session === undefined || session.transport !== transport || !session.isOwnedBy(principal)) {
      throw unknownSession();
    }
    return session;
  }

  /** Ends a session: its calls are aborted, its stream is closed. Does nothing when it has ended. */
  close(session: Session, reason: SessionEnd): void {
    if (!this.sessions.delete(session.id)) return;
    session.abortCalls(reason === 'shutdown' ? 'shutdown' : 'session_closed');
    for (const stream of session.streams) stream.end(reason);
    const seconds = Math.round((Date.now() - session.openedAt) / 1000);
    this.logger.log({ event: 'session.closed', reason, seconds, ...describe(session) });
    this.ledger.leave(session.id, session.principal).catch((error: unknown) => {
      this.logger.warn({ event: 'session.record_left', session: session.logId, err: error });
    });
  }

  closeWhere(matches: (session: Session) => boolean, reason: SessionEnd): void {
    for (const session of this.sessions.values()) if (matches(session)) this.close(session, reason);
  }

  /** Ends the sessions whose time has come. */
  closeExpired(now = Date.now()): void {
    for (const session of this.sessions.values()) {
      const reason = this.dueEnd(session, now);
      if (reason !== undefined) this.close(session, reason);
    }
  }

  private dueEnd(session: Session, now: number): SessionEnd | undefined {
    const { sessionMaxMs, sessionIdleMs } = this.options;
    const passed = (since: number | undefined, ms: number): boolean =>
      since !== undefined && since + ms <= now;
    if (session.principal.expiresAt <= now) return 'token_expired';
    if (passed(session.openedAt, sessionMaxMs)) return 'max_age';
    return passed(session.idleSince, sessionIdleMs) ? 'idle' : undefined;
  }

  /** Takes no new session and no new call from here on. */
  beginDrain(): void {
    this.draining = true;
  }
}

function describe(session: Session): Record<string, unknown> {
  const { subject, clientId } = session.principal;
  return { session: session.logId, subject, client: clientId };
}
