const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** Represents a line above the maximum length, which was dropped. */
export const TOO_LONG = Symbol('TOO_LONG');

/**
 * Splits a stream of bytes into lines without their ends; empty ones are skipped. Keeps at most one line of `maxBytes`
 * in memory. Text after the last line break counts as a line. MCP 2025-11-25, Transports, "stdio".
 */
export class LineReader implements AsyncIterable<Buffer | typeof TOO_LONG> {
  private pieces: Buffer[] = [];
  private size = 0;

  constructor(
    private readonly input: AsyncIterable<Buffer>,
    private readonly maxBytes: number,
  ) {}

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer | typeof TOO_LONG> {
    for await (const chunk of this.input) {
      let start = 0;
      for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
        this.add(chunk.subarray(start, end));
        start = end + 1;
        const line = this.take();
        if (line !== undefined) yield line;
      }
      this.add(chunk.subarray(start));
    }
    const rest = this.take();
    if (rest !== undefined) yield rest;
  }

  private add(piece: Buffer): void {
    if (piece.length === 0) return;
    this.size += piece.length;
    // One more than the limit: it may be the carriage return of the line's end.
    if (this.size > this.maxBytes + 1) this.pieces = [];
    else this.pieces.push(piece);
  }

  /** The line so far; undefined where it is empty. */
  private take(): Buffer | typeof TOO_LONG | undefined {
    const { size } = this;
    let line = this.pieces.length === 1 ? this.pieces[0]! : Buffer.concat(this.pieces);
    this.pieces = [];
    this.size = 0;
    if (size > line.length) return TOO_LONG;
    if (line.at(-1) === CARRIAGE_RETURN) line = line.subarray(0, -1);
    if (line.length > this.maxBytes) return TOO_LONG;
    return line.length === 0 ? undefined : line;
  }
}
