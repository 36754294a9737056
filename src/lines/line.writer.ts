import { closeSync, constants, fdatasync, fstatSync, openSync, writeSync } from 'node:fs';

/** Maximum delay before lines are written, in milliseconds, while the event loop runs. */
const COLLECT_MS = 20;
/** With this many characters, lines are written at once. */
const COLLECT_CHARACTERS = 32_768;
/** Maximum UTF-8 bytes of a UTF-16 unit. */
const MAX_UTF8 = 3;
/** For the collected lines and one long line; in bytes. */
const ROOM = 4 * COLLECT_CHARACTERS;
/** Retry intervals for a descriptor that accepts nothing, in milliseconds. */
const RETRY_MS = { first: 5, longest: 100, afterError: 1_000 } as const;
/** How long the end of the process waits for a slow reader, in milliseconds. */
const EXIT_MS = 1_000;
const EXIT_POLL_MS = 10;

/** A file is readable by the server alone. */
const FILE_MODE = 0o600;
/** A named pipe without a reader fails at once instead of blocking. */
const FILE_FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;

const writers = new Map<1 | 2, LineWriter>();

/**
 * Writes lines of text to a descriptor, whole and in order, many by one system call. A slow reader does not block:
 * pipes and sockets are written without blocking, and what they do not accept is kept here; {@link waiting} is its
 * size. When the process exits, also by an uncaught exception, the rest is written.
 */
export class LineWriter {
  /** Not yet written, in characters or bytes. */
  waiting = 0;
  /** Encoded, and written up to `offset`. */
  private chunk: Buffer | undefined;
  private offset = 0;
  /** Reused for encoding what usually is collected. */
  private room: Buffer | undefined;
  private collected = '';
  private timer: NodeJS.Timeout | undefined;
  private retryMs = 0;
  private isSyncing = false;
  private onSynced: (() => void) | undefined;
  private waiters: (() => void)[] = [];
  private readonly listeners = new Set<(error: Error) => void>();

  /** `isRegular`: a file on a disk, which is synced before {@link written} resolves. */
  private constructor(
    private fd: number,
    private isRegular: boolean,
    private readonly path?: string,
  ) {
    process.on('exit', this.drain);
  }

  /** The one writer of standard output or standard error, so that all lines of a descriptor stay in order. */
  static standard(fd: 1 | 2): LineWriter {
    let writer = writers.get(fd);
    if (writer === undefined) {
      // Node makes the pipe or socket non-blocking when its stream is first accessed.
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

  /** `listener` receives each failed write. The lines are kept and tried again. */
  onError(listener: (error: Error) => void): void {
    this.listeners.add(listener);
  }

  offError(listener: (error: Error) => void): void {
    this.listeners.delete(listener);
  }

  /** `line` ends with a line break. */
  write(line: string): void {
    this.collected += line;
    this.waiting += line.length;
    if (this.timer === undefined) this.timer = setTimeout(this.flush, COLLECT_MS).unref();
    else if (this.retryMs === 0 && this.collected.length >= COLLECT_CHARACTERS) this.flush();
  }

  /** Writes as much as the descriptor accepts now. */
  readonly flush = (): void => {
    clearTimeout(this.timer);
    this.timer = undefined;
    try {
      while (this.waiting > 0) {
        this.chunk ??= this.encode();
        const written = writeSync(this.fd, this.chunk, this.offset);
        this.offset += written;
        this.waiting -= written;
        if (this.offset === this.chunk.length) this.chunk = undefined;
      }
      this.retryMs = 0;
      if (this.waiters.length > 0) this.settle();
    } catch (error) {
      this.retry(error as NodeJS.ErrnoException);
    }
  };

  /** Resolves when all lines so far are written, and a file is synced. Undefined: they are. */
  written(): Promise<void> | undefined {
    if (this.waiting === 0 && !this.isRegular) return undefined;
    return new Promise((resolve) => {
      this.waiters.push(resolve);
      if (this.waiting === 0) this.settle();
    });
  }

  /** Reopens the file after another program has moved it. Throws where it cannot, and keeps the old one. */
  reopen(): void {
    this.flush();
    const fd = openSync(this.path!, FILE_FLAGS, FILE_MODE);
    const before = this.fd;
    this.fd = fd;
    this.isRegular = isRegularFile(fd);
    this.closeAfterSync(before);
  }

  /** Writes the rest and closes the file. */
  close(): void {
    this.drain();
    clearTimeout(this.timer);
    process.off('exit', this.drain);
    this.closeAfterSync(this.fd);
  }

  /** Writes the rest, blocking for a slow reader up to {@link EXIT_MS}. */
  private readonly drain = (): void => {
    const until = Date.now() + EXIT_MS;
    this.flush();
    while (this.retryMs > 0 && this.retryMs < RETRY_MS.afterError && Date.now() < until) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, EXIT_POLL_MS);
      this.flush();
    }
  };

  /** What was collected, as the next chunk. */
  private encode(): Buffer {
    const text = this.collected;
    // Reuses one buffer: a large one for each write would burden the garbage collector.
    const chunk =
      text.length * MAX_UTF8 <= ROOM
        ? (this.room ??= Buffer.allocUnsafeSlow(ROOM)).subarray(0, this.room.write(text))
        : Buffer.from(text);
    this.collected = '';
    this.offset = 0;
    this.waiting = chunk.length;
    return chunk;
  }

  private retry(error: NodeJS.ErrnoException): void {
    const isFull = error.code === 'EAGAIN';
    this.retryMs = isFull
      ? Math.min(RETRY_MS.longest, Math.max(RETRY_MS.first, this.retryMs * 2))
      : RETRY_MS.afterError;
    this.timer = setTimeout(this.flush, this.retryMs).unref();
    if (!isFull) for (const listener of this.listeners) listener(error);
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
