import { wellFormedJson } from './well-formed.js';

/** A message to a client, or a part of one. `toString()` is its text. */
export type MessageText = string | SharedText;

/** Up to this many characters, text is put together faster than bytes are. */
const SHORT = 16_384;

/**
 * Long text that many messages contain: its bytes are made once and shared, so that a message does not search, copy and
 * encode it again. Texts before and after it belong to one message.
 */
export class SharedText {
  /** Bytes of UTF-8. */
  readonly length: number;

  private constructor(
    readonly body: Buffer,
    readonly before: string,
    readonly after: string,
  ) {
    this.length = Buffer.byteLength(before) + body.length + Buffer.byteLength(after);
  }

  /** Text of `JSON.stringify`: as it is where it is short. */
  static ofJson(json: string): MessageText {
    return json.length <= SHORT ? json : new SharedText(Buffer.from(wellFormedJson(json)), '', '');
  }

  /** `text` between two others. */
  static within(before: string, text: MessageText, after: string): MessageText {
    if (typeof text === 'string') return before + text + after;
    return new SharedText(text.body, before + text.before, text.after + after);
  }

  toString(): string {
    return `${this.before}${this.body.toString()}${this.after}`;
  }
}
