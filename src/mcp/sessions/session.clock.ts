import { Inject, Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { MCP_OPTIONS, type McpModuleOptions } from '../mcp.options.js';
import { RENEW_MS, SessionLedger } from './session.ledger.js';
import { SessionService } from './session.service.js';

const TICK_MS = 500;

/**
 * One timer for all sessions. Each tick ends those whose time has come, and gives a slice of the others
 * their heartbeat and their renewal: spread over the interval, so that no tick has all the work.
 */
@Injectable()
export class SessionClock implements OnModuleInit, OnModuleDestroy {
  private readonly logger = new Logger('Session');
  private timer: NodeJS.Timeout | undefined;
  private ticks = 0;

  constructor(
    private readonly sessions: SessionService,
    private readonly ledger: SessionLedger,
    @Inject(MCP_OPTIONS) private readonly options: McpModuleOptions,
  ) {}

  onModuleInit(): void {
    this.timer = setInterval(() => this.tick(), Math.min(TICK_MS, this.options.heartbeatMs));
    this.timer.unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  tick(): void {
    this.ticks += 1;
    this.sessions.closeExpired();
    const tickMs = Math.min(TICK_MS, this.options.heartbeatMs);
    const heartbeatTicks = Math.ceil(this.options.heartbeatMs / tickMs);
    const renewTicks = Math.ceil(RENEW_MS / tickMs);
    for (const session of this.sessions.list()) {
      if ((this.ticks + session.ordinal) % heartbeatTicks === 0) {
        for (const stream of session.streams) stream.heartbeat();
      }
      if ((this.ticks + session.ordinal) % renewTicks !== 0) continue;
      this.ledger.renew(session).catch((error: unknown) => {
        this.logger.warn({ event: 'session.not_renewed', session: session.logId, err: error });
      });
    }
  }
}
