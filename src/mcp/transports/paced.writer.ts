import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Writable } from 'node:stream';
import type { BudgetHold, UserBudget } from '../limits/in-flight.budgets.js';
import type { McpModuleOptions } from '../mcp.options.js';
import type { MessageText } from '../messages/json-rpc.js';

/** How much may wait for a client (bytes), and how long it may read nothing (milliseconds). */
export type ReadingLimits = Pick<McpModuleOptions, 'maxBufferedBytes' | 'maxStallMs'>;

/** Bytes per write, so that progress within a large message is visible. */
const PART = 32_768;
const MAX_IN_FLIGHT = 2 * PART;
/**
 * Bytes in flight if nothing waits yet. The system mostly takes all of them at once: a list of 1,000 tools is one write.
 * A client has to read them within `maxStallMs`.
 */
const MAX_FIRST = 10 * PART;

interface Part {
  data: string | Buffer;
  readonly isExempt: boolean;
}

/**
 * Writes text to a client at the pace of its reading: distinguishes a slow client from one that reads nothing, and
 * bounds what waits.
 */
export class PacedWriter {
  /** Parts that wait for earlier ones to be written. */
  private parts: Part[] = [];
  private queued = 0;
  private inFlight = 0;
  /** The part of {@link waiting} that belongs to one message larger than the bound. */
  private exempt = 0;
  private takenAt = 0;
  private isEnding = false;
  private isHeld = false;

  /** `hold` counts what waits; it is released when the output has closed. */
  constructor(
    private readonly output: Writable,
    private readonly limits: ReadingLimits,
    private readonly onTaken?: () => void,
    private readonly hold?: BudgetHold,
  ) {}

  /** Bytes not yet accepted by the system. */
  get waiting(): number {
    return this.queued + this.inFlight;
  }

  /** The client has read nothing for too long although data waits. */
  get isStalled(): boolean {
    return this.waiting > 0 && this.takenAt + this.limits.maxStallMs <= Date.now();
  }

  /**
   * False: too much waits already, and the text was not accepted. A single message may have any size. Throws
   * `BudgetExceededError` where its user's budget has no room for what would wait.
   */
  write(text: MessageText): boolean {
    if (this.isEnding || this.output.destroyed) return true;
    const waiting = this.queued + this.inFlight;
    if (waiting - this.exempt > this.limits.maxBufferedBytes) return false;
    if (waiting === 0) this.takenAt = Date.now();
    if (typeof text !== 'string') this.writeLong(text);
    else if (this.parts.length === 0 && this.inFlight + text.length <= MAX_IN_FLIGHT) {
      this.give(text, text.length, false);
    } else if (text.length <= PART) {
      this.count(waiting + text.length);
      this.queue(text);
    } else {
      this.writeLong(text);
    }
    return true;
  }

  /** Ends the output: the connection closes once all is written, or when the client reads nothing. */
  end(): void {
    if (this.isEnding) return;
    this.isEnding = true;
    if (this.parts.length === 0) this.output.end();
    // Already handed to the system, as nearly every list is at once.
    if (this.waiting === 0 || this.output.writableLength === 0) return;
    const look = setInterval(() => {
      if (this.isStalled) this.output.destroy();
    }, this.limits.maxStallMs / 4).unref();
    for (const event of ['finish', 'close']) this.output.once(event, () => clearInterval(look));
  }

  /** Counts what will wait before it does; the small part in flight is not counted. */
  private count(waiting: number): void {
    if (this.hold === undefined) return;
    // A large message stays in memory until its last part is written.
    this.hold.resize(Math.max(this.hold.bytes, waiting));
    if (this.isHeld) return;
    this.isHeld = true;
    this.output.once('close', () => {
      this.parts = [];
      this.hold?.release();
    });
  }

  private writeLong(text: MessageText): void {
    const size = bytesOf(text);
    const isFirst = this.waiting === 0;
    this.count(this.waiting + size);
    const isExempt = size > this.limits.maxBufferedBytes && this.exempt === 0;
    if (isExempt) this.exempt = size;
    for (const data of piecesOf(text)) {
      this.parts.push({ data, isExempt });
      this.queued += data.length;
    }
    if (isFirst) this.giveMore(MAX_FIRST, MAX_FIRST);
    else this.giveMore();
  }

  /** Small messages are merged into one part. */
  private queue(text: string): void {
    const last = this.parts.at(-1);
    if (typeof last?.data === 'string' && last.data.length + text.length <= PART) last.data += text;
    else this.parts.push({ data: text, isExempt: false });
    this.queued += text.length;
  }

  /** Up to `most` bytes in flight, and `size` bytes in one write. */
  private giveMore(most = MAX_IN_FLIGHT, size = PART): void {
    while (this.parts.length > 0 && this.inFlight < most && !this.output.destroyed) {
      const { data, isExempt } = this.next(size);
      this.queued -= data.length;
      this.give(data, data.length, isExempt);
    }
    if (this.isEnding && this.parts.length === 0 && !this.output.writableEnded) this.output.end();
  }

  private next(size: number): Part {
    const part = this.parts[0]!;
    if (typeof part.data === 'string' || part.data.length <= size) return this.parts.shift()!;
    const data = part.data.subarray(0, size);
    part.data = part.data.subarray(size);
    return { data, isExempt: part.isExempt };
  }

  private give(data: string | Buffer, size: number, isExempt: boolean): void {
    this.inFlight += size;
    this.output.write(data, () => {
      this.inFlight -= size;
      if (isExempt) this.exempt -= size;
      this.takenAt = Date.now();
      if (this.parts.length > 0) this.giveMore();
      if (this.isHeld && this.parts.length === 0) this.hold!.resize(0);
      this.onTaken?.();
    });
  }
}

/** Bytes of UTF-8. */
export function bytesOf(text: MessageText): number {
  return typeof text === 'string' ? Buffer.byteLength(text) : text.length;
}

/** Bytes can be divided. Text is written as it is: the text around shared bytes is mostly short. */
function piecesOf(text: MessageText): readonly (string | Buffer)[] {
  const pieces = typeof text === 'string' ? [text] : [text.before, text.body, text.after];
  return pieces
    .filter(({ length }) => length > 0)
    .map((piece) => (typeof piece === 'string' && piece.length > PART ? Buffer.from(piece) : piece));
}

/** Status and headers of a response, where they are not set on it. */
export interface ResponseHead {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
}

/**
 * Sends a whole body and ends the response; closes the connection of a client that reads nothing. What waits counts in
 * its user's budget. Throws `BudgetExceededError` before anything is written.
 */
export function sendWhole(
  response: ServerResponse,
  body: MessageText,
  limits: ReadingLimits,
  budget?: UserBudget,
  head?: ResponseHead,
): void {
  const isLong = typeof body !== 'string' || body.length > PART;
  const hold = isLong ? budget?.hold(bytesOf(body)) : undefined;
  if (head !== undefined) response.writeHead(head.status, head.headers);
  if (isLong) {
    const writer = new PacedWriter(response, limits, undefined, hold);
    writer.write(body);
    return writer.end();
  }
  response.end(body);
  // Already handed to the system, as nearly every reply is at once.
  if (response.writableLength === 0) return;
  cutAfter(response, limits.maxStallMs);
  holdUnread(response, budget);
}

/** Counts a small waiting reply: its connection closes where its user's budget has no room. */
function holdUnread(response: ServerResponse, budget: UserBudget | undefined): void {
  try {
    const hold = budget?.hold(response.writableLength);
    if (hold !== undefined)
      for (const event of ['finish', 'close']) response.once(event, () => hold.release());
  } catch {
    response.destroy();
  }
}

/** Closes the connection unless the system has accepted all of an ended response within `ms`. */
export function cutAfter(response: ServerResponse, ms: number): void {
  const cut = setTimeout(() => response.destroy(), ms).unref();
  for (const event of ['finish', 'close']) response.once(event, () => clearTimeout(cut));
}
