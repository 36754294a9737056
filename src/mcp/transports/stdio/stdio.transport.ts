import { Inject, Injectable } from '@nestjs/common';
import type { Readable, Writable } from 'node:stream';
import { RefusalLog } from '../../../audit/index.js';
import { Gate } from '../../gate/gate.js';
import { InFlightBudgets } from '../../limits/in-flight.budgets.js';
import { MCP_OPTIONS, type McpModuleOptions } from '../../mcp.options.js';
import { RefusedError } from '../../messages/refused.error.js';
import { SessionService } from '../../sessions/session.service.js';
import { MessageReader } from '../message.reader.js';
import { LineReader, TOO_LONG } from './line.reader.js';
import { LocalAuthorization } from './local.authorization.js';
import { StdioConnection } from './stdio.connection.js';
import { type StdioLoss, StdioStream } from './stdio.stream.js';

const MIB = 2 ** 20;
/**
 * Bytes that may wait for a host that does not read: above `pauseAt` its input pauses, above `closeAt` the connection
 * closes.
 */
const LIMITS = { pauseAt: MIB, closeAt: 64 * MIB };

/** The streams of a host, and its user's scopes. */
export interface StdioHost {
  readonly input: Readable;
  readonly output: Writable;
  /** The scopes of the caller. */
  readonly scopes: readonly string[];
}

/** A connected host. */
export interface StdioService {
  /** Resolves with the reason when no more input can arrive, or the host cannot be reached. */
  readonly ended: Promise<'input_ended' | StdioLoss>;
  /** Waits until all input is answered and written. */
  finish(): Promise<void>;
}

/** JSON-RPC lines from and to the host that started this process. MCP 2025-11-25 and 2026-07-28, stdio. */
@Injectable()
export class StdioTransport {
  constructor(
    private readonly sessions: SessionService,
    private readonly reader: MessageReader,
    private readonly budgets: InFlightBudgets,
    private readonly gate: Gate,
    private readonly refusals: RefusalLog,
    @Inject(MCP_OPTIONS) private readonly options: McpModuleOptions,
  ) {}

  /** Serves the host until either stream closes. */
  serve({ input, output, scopes }: StdioHost): StdioService {
    const stream = new StdioStream(output, LIMITS);
    const connection = new StdioConnection(
      stream,
      new LocalAuthorization(scopes),
      this.sessions,
      this.reader,
      this.budgets,
      this.gate,
      this.refusals,
    );
    const lost = stream.lost.then((reason) => {
      connection.close(reason);
      input.destroy();
      return reason;
    });
    const read = this.read(input, stream, connection).then(() => 'input_ended' as const);
    return { ended: Promise.race([lost, read]), finish: () => connection.finish() };
  }

  private async read(input: Readable, stream: StdioStream, connection: StdioConnection): Promise<void> {
    const maxBytes = this.options.maxBodyBytes;
    try {
      for await (const line of new LineReader(input, maxBytes)) {
        if (line === TOO_LONG) connection.refuse(tooLong(maxBytes));
        else await connection.take(line);
        await stream.room();
      }
    } catch {
      // The input failed or was destroyed: no more arrives.
    }
  }
}

function tooLong(maxBytes: number): RefusedError {
  const message = `The message is over ${maxBytes} bytes`;
  return new RefusedError('message_too_long', message);
}
