import { freeBytes } from '../limits/garbage.js';

/** Initial capacity in bytes. */
const FIRST = 1024;

/**
 * Collects the bytes of a body in one buffer that doubles, since a list of chunks would cost about 430 bytes each. A
 * body of one chunk is not copied.
 */
export class BodyBuffer {
  private bytes: Buffer | undefined;
  private size = 0;

  constructor(private readonly maxBytes: number) {}

  /** Bytes of memory in use. */
  get heldBytes(): number {
    return this.bytes?.length ?? 0;
  }

  /**
   * Takes a chunk over; its memory is freed afterwards. False: the body is too large. The buffer is then empty and
   * accepts nothing more.
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

  /** Returns the body and releases it here. */
  take(): Buffer {
    const whole = this.bytes?.subarray(0, this.size) ?? Buffer.alloc(0);
    this.bytes = undefined;
    return whole;
  }

  /** Releases everything. */
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
