/** The first copy has room for this many bytes. */
const FIRST = 1024;

/**
 * The bytes of a body while it is being read: one buffer that doubles, since a list of chunks would cost about 430
 * bytes for each of them. A body that comes in one chunk is not copied.
 */
export class BodyBuffer {
  private bytes: Buffer | undefined;
  private size = 0;
  private isOwn = false;

  constructor(private readonly maxBytes: number) {}

  /** Bytes of memory that it holds. */
  get heldBytes(): number {
    return this.bytes?.length ?? 0;
  }

  /** False: this is more than a body may have. Nothing is held then, and nothing is taken any more. */
  add(chunk: Buffer): boolean {
    const before = this.size;
    this.size += chunk.length;
    if (this.size > this.maxBytes) this.bytes = undefined;
    else if (this.bytes === undefined) this.bytes = chunk;
    else this.append(chunk, before, this.bytes);
    return this.size <= this.maxBytes;
  }

  /** The body, which is let go of here. */
  take(): Buffer {
    const whole = this.bytes?.subarray(0, this.size) ?? Buffer.alloc(0);
    this.bytes = undefined;
    return whole;
  }

  private append(chunk: Buffer, at: number, bytes: Buffer): void {
    if (this.size > bytes.length) {
      const room = Math.min(this.maxBytes, Math.max(2 * this.size, FIRST));
      this.bytes = Buffer.allocUnsafeSlow(room);
      bytes.copy(this.bytes, 0, 0, at);
      // Not left to the garbage collector, which takes its time. The first chunk is not this buffer's own.
      if (this.isOwn) (bytes.buffer as ArrayBuffer).transfer(0);
      this.isOwn = true;
    }
    chunk.copy(this.bytes!, at);
  }
}
