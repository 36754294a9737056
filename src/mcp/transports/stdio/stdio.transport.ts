import { Inject, Injectable } from '@nestjs/common';
import type { Readable, Writable } from 'node:stream';
import { RefusalLog } from '../../../audit/index.js';
import { Gate } from '../../gate/gate.js';
import { MCP_OPTIONS, type McpModuleOptions } from '../../mcp.options.js';
import { RefusedError } from '../../messages/refused.error.js';
import { SessionService } from '../../sessions/session.service.js';
import { MessageReader } from '../message.reader.js';
import { LineReader, TOO_LONG } from './line.reader.js';
import { LocalAuthorization } from './local.authorization.js';
import { StdioConnection } from './stdio.connection.js';
import { type StdioLoss, StdioStream } from './stdio.stream.js';

const MIB = 2 ** 20;
/** What may wait for a host that does not read before its input pauses, and before it is given up. */
const LIMITS = { pauseAt: MIB, giveUpAt: 64 * MIB };

/** The streams of a host, and what its user may do. */
export interface StdioHost {
  readonly input: Readable;
  readonly output: Writable;
  /** The scopes that the caller has. */
  readonly scopes: readonly string[];
}

/** A host that is being served. */
export interface StdioService {
  /** Resolves when no more can come from the host, or nothing can be said to it; with why. */
  readonly ended: Promise<'input_ended' | StdioLoss>;
  /** Waits until all that has come is answered, and written. */
  finish(): Promise<void>;
}

/** Lines of JSON-RPC from and to the host that started this process. MCP 2025-11-25 and 2026-07-28, stdio. */
@Injectable()
export class StdioTransport {
  constructor(
    private readonly sessions: SessionService,
    private readonly reader: MessageReader,
    private readonly gate: Gate,
    private readonly refusals: RefusalLog,
    @Inject(MCP_OPTIONS) private readonly options: McpModuleOptions,
  ) {}

  /** Reads what the host says, and answers it, until either end is closed. */
  serve({ input, output, scopes }: StdioHost): StdioService {
    const stream = new StdioStream(output, LIMITS);
    const connection = new StdioConnection(
      stream,
      new LocalAuthorization(scopes),
      this.sessions,
      this.reader,
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
      // The input broke off, or was destroyed: either way nothing more comes.
    }
  }
}

function tooLong(maxBytes: number): RefusedError {
  const message = `The message is over ${maxBytes} bytes`;
  return new RefusedError('message_too_long', message);
}
