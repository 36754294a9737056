import { freeBytes } from '../limits/garbage.js';

/** The first copy has room for this many bytes. */
const FIRST = 1024;

/**
 * The bytes of a body while it is being read: one buffer that doubles, since a list of chunks would cost about 430
 * bytes for each of them. A body that comes in one chunk is not copied.
 */
export class BodyBuffer {
  private bytes: Buffer | undefined;
  private size = 0;

  constructor(private readonly maxBytes: number) {}

  /** Bytes of memory that it holds. */
  get heldBytes(): number {
    return this.bytes?.length ?? 0;
  }

  /**
   * Takes over a chunk, whose memory is free afterwards. False: this is more than a body may have. Nothing is held then,
   * and nothing is taken any more.
   */
  add(chunk: Buffer): boolean {
    const before = this.size;
    this.size += chunk.length;
    if (this.size > this.maxBytes) this.drop();
    else if (this.bytes === undefined) this.bytes = chunk;
    else this.append(chunk, before, this.bytes);
    if (this.bytes !== chunk) freeBytes(chunk);
    return this.size <= this.maxBytes;
  }

  /** The body, which is let go of here. */
  take(): Buffer {
    const whole = this.bytes?.subarray(0, this.size) ?? Buffer.alloc(0);
    this.bytes = undefined;
    return whole;
  }

  /** Nothing is held any more. */
  drop(): void {
    if (this.bytes !== undefined) freeBytes(this.bytes);
    this.bytes = undefined;
  }

  private append(chunk: Buffer, at: number, bytes: Buffer): void {
    if (this.size > bytes.length) {
      const room = Math.min(this.maxBytes, Math.max(2 * this.size, FIRST));
      this.bytes = Buffer.allocUnsafeSlow(room);
      bytes.copy(this.bytes, 0, 0, at);
      freeBytes(bytes);
    }
    chunk.copy(this.bytes!, at);
  }
}
