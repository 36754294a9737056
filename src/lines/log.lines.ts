import type { LineWriter } from './line.writer.js';

/** What may wait to be written before log lines are dropped, in characters. */
const MAX_WAITING = 2 ** 20;
const RESUME_AT = MAX_WAITING / 2;
const POLL_MS = 100;

/**
 * Log lines on a {@link LineWriter}. Where nothing reads them they are dropped once 1 MiB waits, and counted; `tellLost`
 * makes the line that tells how many, and is asked when there is room again.
 */
export class LogLines {
  private lost = 0;

  constructor(
    private readonly writer: LineWriter,
    private readonly tellLost: (lines: number) => string,
  ) {
    process.prependListener('exit', () => this.told());
  }

  write(line: string): void {
    if (this.lost === 0 && this.writer.waiting < MAX_WAITING) return this.writer.write(line);
    this.lost += 1;
    if (this.lost === 1) this.watch();
  }

  flush(): void {
    this.writer.flush();
  }

  private watch(): void {
    setTimeout(() => {
      if (this.writer.waiting < RESUME_AT) this.told();
      else this.watch();
    }, POLL_MS).unref();
  }

  private told(): void {
    if (this.lost === 0) return;
    this.writer.write(this.tellLost(this.lost));
    this.lost = 0;
  }
}
