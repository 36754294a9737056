import { closeSync, constants, fdatasync, fstatSync, openSync, writeSync } from 'node:fs';

/** Lines wait this long at most before they are written, in milliseconds, while the event loop runs. */
const COLLECT_MS = 20;
/** With this much collected, lines are written at once; in characters. */
const COLLECT_CHARACTERS = 32_768;
/** Bytes that a UTF-16 unit may have in UTF-8. */
const MAX_UTF8 = 3;
/** For what is collected and one long line; in bytes. */
const ROOM = 4 * COLLECT_CHARACTERS;
/** A descriptor that takes nothing is tried again after these times, in milliseconds. */
const RETRY_MS = { first: 5, longest: 100, afterError: 1_000 } as const;
/** How long the end of the process waits for a reader that does not keep up, in milliseconds. */
const EXIT_MS = 1_000;
const EXIT_POLL_MS = 10;

/** A file is readable by the server alone. */
const FILE_MODE = 0o600;
/** A named pipe without a reader is refused at once, and never waited for. */
const FILE_FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;

const writers = new Map<1 | 2, LineWriter>();

/**
 * Lines of text on their way to a descriptor, whole and in order. Many are written by one system call. A reader that does
 * not read holds nothing up: pipes and sockets are written without blocking, and what they do not take waits here;
 * {@link waiting} tells how much that is. When the process exits, also by an uncaught exception, what waits is written.
 */
export class LineWriter {
  /** Encoded, and written up to `offset`. */
  private chunk: Buffer | undefined;
  private offset = 0;
  /** What usually is collected is encoded into this. */
  private room: Buffer | undefined;
  private collected = '';
  private timer: NodeJS.Timeout | undefined;
  private retryMs = 0;
  private isSyncing = false;
  private onSynced: (() => void) | undefined;
  private waiters: (() => void)[] = [];
  private readonly listeners = new Set<(error: Error) => void>();

  /** `isRegular`: it is a file on a disk, which is made durable before {@link written} resolves. */
  private constructor(
    private fd: number,
    private isRegular: boolean,
    private readonly path?: string,
  ) {
    process.on('exit', this.drain);
  }

  /** The one writer of standard output or standard error: all that share a descriptor stay in order. */
  static standard(fd: 1 | 2): LineWriter {
    let writer = writers.get(fd);
    if (writer === undefined) {
      // Node makes the pipe or socket non-blocking when its stream is first asked for.
      void (fd === 1 ? process.stdout : process.stderr);
      writers.set(fd, (writer = new LineWriter(fd, isRegularFile(fd))));
    }
    return writer;
  }

  /** Appends to a file, which is created with mode 0600. Throws where it cannot be opened. */
  static file(path: string): LineWriter {
    const fd = openSync(path, FILE_FLAGS, FILE_MODE);
    return new LineWriter(fd, isRegularFile(fd), path);
  }

  /** What waits to be written, in characters or bytes. */
  get waiting(): number {
    return this.collected.length + (this.chunk === undefined ? 0 : this.chunk.length - this.offset);
  }

  /** `listener` hears of each attempt to write that failed. The lines are kept, and tried again. */
  onError(listener: (error: Error) => void): void {
    this.listeners.add(listener);
  }

  offError(listener: (error: Error) => void): void {
    this.listeners.delete(listener);
  }

  /** `line` ends with a line break. */
  write(line: string): void {
    this.collected += line;
    if (this.timer === undefined) this.timer = setTimeout(this.flush, COLLECT_MS).unref();
    else if (this.retryMs === 0 && this.collected.length >= COLLECT_CHARACTERS) this.flush();
  }

  /** Writes what waits, as far as the descriptor takes it now. */
  readonly flush = (): void => {
    clearTimeout(this.timer);
    this.timer = undefined;
    try {
      while (this.next()) this.offset += writeSync(this.fd, this.chunk!, this.offset);
      this.retryMs = 0;
      this.settle();
    } catch (error) {
      const isFull = (error as NodeJS.ErrnoException).code === 'EAGAIN';
      this.retryMs = isFull
        ? Math.min(RETRY_MS.longest, Math.max(RETRY_MS.first, this.retryMs * 2))
        : RETRY_MS.afterError;
      this.timer = setTimeout(this.flush, this.retryMs).unref();
      if (!isFull) for (const listener of this.listeners) listener(error as Error);
    }
  };

  /**
   * Resolves when all that was written so far has left the process, and a file is on its disk. Undefined: it has.
   */
  written(): Promise<void> | undefined {
    if (this.waiting === 0 && !this.isRegular) return undefined;
    return new Promise((resolve) => {
      this.waiters.push(resolve);
      if (this.waiting === 0) this.settle();
    });
  }

  /** Opens the file anew, after another program has moved it. Throws, and goes on with the old one, where it cannot. */
  reopen(): void {
    this.flush();
    const fd = openSync(this.path!, FILE_FLAGS, FILE_MODE);
    const before = this.fd;
    this.fd = fd;
    this.isRegular = isRegularFile(fd);
    this.closeAfterSync(before);
  }

  /** Writes what waits, and closes the file. */
  close(): void {
    this.drain();
    clearTimeout(this.timer);
    process.off('exit', this.drain);
    this.closeAfterSync(this.fd);
  }

  /** Writes what waits, and waits itself for a reader that does not keep up, but not for ever. */
  private readonly drain = (): void => {
    const until = Date.now() + EXIT_MS;
    this.flush();
    while (this.retryMs > 0 && this.retryMs < RETRY_MS.afterError && Date.now() < until) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, EXIT_POLL_MS);
      this.flush();
    }
  };

  /** Whether there is something to write; it is in `chunk` from `offset` on then. */
  private next(): boolean {
    if (this.chunk !== undefined && this.offset < this.chunk.length) return true;
    this.chunk = undefined;
    this.offset = 0;
    if (this.collected === '') return false;
    // Not a buffer for each write: they are large, and the collector would be busy with them.
    this.chunk =
      this.collected.length * MAX_UTF8 <= ROOM
        ? (this.room ??= Buffer.allocUnsafeSlow(ROOM)).subarray(0, this.room.write(this.collected))
        : Buffer.from(this.collected);
    this.collected = '';
    return true;
  }

  private settle(): void {
    if (this.waiters.length === 0 || this.isSyncing) return;
    const settled = this.waiters;
    this.waiters = [];
    const resolve = (): void => settled.forEach((waiter) => waiter());
    if (!this.isRegular) return resolve();
    this.isSyncing = true;
    fdatasync(this.fd, (error) => {
      this.isSyncing = false;
      this.onSynced?.();
      if (error !== null) for (const listener of this.listeners) listener(error);
      resolve();
      if (this.waiting === 0) this.settle();
    });
  }

  private closeAfterSync(fd: number): void {
    if (!this.isSyncing) return closeSync(fd);
    this.onSynced = () => {
      this.onSynced = undefined;
      closeSync(fd);
    };
  }
}

function isRegularFile(fd: number): boolean {
  try {
    return fstatSync(fd).isFile();
  } catch {
    return false;
  }
}
