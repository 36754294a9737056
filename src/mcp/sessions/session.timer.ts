import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { MCP_OPTIONS, type McpModuleOptions } from '../mcp.options.js';
import { RENEW_MS, SessionStore } from './session.store.js';
import { Session } from './session.js';
import { SessionPing } from './session.ping.js';
import { SessionService } from './session.service.js';

const TICK_MS = 500;

/**
 * One timer for all sessions. Each tick ends the expired ones, keeps the connections of long calls open, and
 * sends heartbeats and renews records for a part of the others, so that the work is spread over the
 * interval.
 */
@Injectable()
export class SessionTimer implements OnModuleInit, OnModuleDestroy {
  private timer: NodeJS.Timeout | undefined;
  private ticks = 0;

  constructor(
    private readonly sessions: SessionService,
    private readonly store: SessionStore,
    private readonly pings: SessionPing,
    @Inject(MCP_OPTIONS) private readonly options: McpModuleOptions,
  ) {}

  private get tickMs(): number {
    const { heartbeatMs, sessionIdleMs } = this.options;
    return Math.min(TICK_MS, heartbeatMs, sessionIdleMs / 3);
  }

  onModuleInit(): void {
    this.timer = setInterval(() => this.tick(), this.tickMs);
    this.timer.unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  tick(): void {
    this.ticks += 1;
    this.sessions.closeExpired();
    const heartbeatTicks = Math.ceil(this.options.heartbeatMs / this.tickMs);
    const renewTicks = Math.ceil(Math.min(RENEW_MS, this.options.sessionIdleMs / 3) / this.tickMs);
    const { sessionPingMs } = this.options;
    const pingTicks = sessionPingMs === undefined ? undefined : Math.ceil(sessionPingMs / this.tickMs);
    const now = performance.now();
    for (const peer of this.sessions.peers()) {
      for (const call of peer.calls.values()) call.keepAlive?.(now);
      const isTurn = (ticks: number): boolean => (this.ticks + peer.ordinal) % ticks === 0;
      if (isTurn(heartbeatTicks)) for (const stream of peer.streams) stream.heartbeat();
      if (pingTicks !== undefined && peer instanceof Session && isTurn(pingTicks)) this.pings.ping(peer);
      // Renews only sessions in use; idle ones expire.
      if (!(peer instanceof Session) || peer.idleSince !== undefined) continue;
      if (isTurn(renewTicks) || this.store.isOrphaned(peer)) this.sessions.renew(peer);
    }
  }
}
