import pino, { type DestinationStream } from 'pino';
import { type AuditSettings, ConfigurationError } from '../config/index.js';

type Lines = ReturnType<typeof pino.destination>;
type Destination = Exclude<AuditSettings['destination'], 'off'>;

/** Readable by the server alone: who called what is nobody else's business. */
const MODE = 0o600;
/** What a full disk may leave waiting, in bytes, before records are lost. */
const MAX_WAITING = 16 * 2 ** 20;
const STANDARD = { stdout: 1, stderr: 2 } as const;

/**
 * The records' own way out. Each line is written at once and whole: what has been answered has been recorded.
 * A file is opened anew at SIGHUP, after logrotate has moved it.
 */
export class AuditStream implements DestinationStream {
  private lines: Lines;

  /**
   * `onError` hears when a line could not be written; it is tried again with the next one. Throws
   * `ConfigurationError` where the file cannot be opened.
   */
  constructor(
    private readonly destination: Destination,
    private readonly onError: (error: Error) => void,
  ) {
    try {
      this.lines = this.open();
    } catch (error) {
      throw notWritable(error);
    }
    if (this.isFile) process.on('SIGHUP', this.reopen);
  }

  write(line: string): void {
    this.lines.write(line);
  }

  close(): void {
    if (!this.isFile) return;
    process.off('SIGHUP', this.reopen);
    this.lines.end();
  }

  private get isFile(): boolean {
    return typeof this.destination === 'object';
  }

  private open(): Lines {
    const dest = typeof this.destination === 'object' ? this.destination.file : STANDARD[this.destination];
    const lines = pino.destination({ dest, sync: true, append: true, mode: MODE, maxLength: MAX_WAITING });
    // Without a listener a full disk would end the process.
    lines.on('error', this.onError);
    lines.on('drop', () => this.onError(new Error('Too many records wait to be written: one is lost')));
    return lines;
  }

  private readonly reopen = (): void => {
    const before = this.lines;
    try {
      this.lines = this.open();
      before.end();
    } catch (error) {
      this.onError(error as Error);
    }
  };
}

function notWritable(error: unknown): ConfigurationError {
  const { code = 'unknown' } = error as NodeJS.ErrnoException;
  const reason = `names a file that can't be written (${code})`;
  return new ConfigurationError([{ name: 'AUDIT_LOG', reason, example: 'AUDIT_LOG=stdout' }]);
}
