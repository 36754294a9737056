import { Injectable, Logger } from '@nestjs/common';
import type { ToolCall } from './tool-call.js';

/** How a call ended. */
export type CallOutcome =
  | 'ok'
  | 'tool_error'
  | 'invalid_arguments'
  | 'unknown_tool'
  | 'error'
  | 'timeout'
  | 'cancelled'
  | 'session_closed'
  | 'shutdown';

/** The lifecycle lines of calls: who, which tool, how it ended, how long it took. Never an argument. */
@Injectable()
export class CallLog {
  private readonly logger = new Logger('ToolCall');

  begun(call: ToolCall, tool: string): void {
    if (!Logger.isLevelEnabled('debug')) return;
    this.logger.debug({ event: 'call.begun', tool, ...caller(call) });
  }

  /** `tool` is undefined for a name that is not a tool of this caller's: what the client sent is not logged. */
  ended(call: ToolCall, tool: string | undefined, outcome: CallOutcome, startedAt: number): void {
    const durationMs = Math.round((performance.now() - startedAt) * 1000) / 1000;
    this.logger.log({ event: 'call.ended', tool, outcome, durationMs, ...caller(call) });
  }

  /** An error that the client is not shown; `reference` is what it sees instead. */
  failed(tool: string, reference: string, error: unknown): void {
    this.logger.error({ event: 'call.failed', tool, reference, err: error });
  }
}

function caller(call: ToolCall): Record<string, unknown> {
  // The id is the client's to choose, and may be long.
  const requestId = typeof call.id === 'string' ? call.id.slice(0, 64) : call.id;
  return { requestId, session: call.session.logId, subject: call.user.subject, client: call.user.clientId };
}
