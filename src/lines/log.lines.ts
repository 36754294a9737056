import type { LineWriter } from './line.writer.js';

/** Waiting characters above which log lines are dropped. */
const MAX_WAITING = 2 ** 20;
const RESUME_AT = MAX_WAITING / 2;
const POLL_MS = 100;

/**
 * Log lines on a {@link LineWriter}. If no program reads them, they are dropped above 1 MiB, and counted; `lostLine`
 * makes the line that reports the count, and is called when there is room again.
 */
export class LogLines {
  private lost = 0;

  constructor(
    private readonly writer: LineWriter,
    private readonly lostLine: (lines: number) => string,
  ) {}

  write(line: string): void {
    if (this.lost === 0 && this.writer.waiting < MAX_WAITING) return this.writer.write(line);
    this.lost += 1;
    if (this.lost > 1) return;
    // Before the writer's listener, which writes the rest when the process exits.
    process.prependListener('exit', this.reportLost);
    this.watch();
  }

  flush(): void {
    this.writer.flush();
  }

  private watch(): void {
    setTimeout(() => {
      if (this.writer.waiting < RESUME_AT) this.reportLost();
      else this.watch();
    }, POLL_MS).unref();
  }

  private readonly reportLost = (): void => {
    process.off('exit', this.reportLost);
    if (this.lost === 0) return;
    this.writer.write(this.lostLine(this.lost));
    this.lost = 0;
  };
}
