import { Writable } from 'node:stream';
import { SharedText } from '../messages/json-rpc.js';
import { PacedWriter } from './paced.writer.js';

const LIMITS = { maxBufferedBytes: 1_000_000, maxStallMs: 30_000 };

/** An output that is read only when the test does so. */
class SlowOutput extends Writable {
  private readonly chunks: Buffer[] = [];
  private takeNext: (() => void) | undefined;

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.takeNext = () => {
      this.chunks.push(chunk);
      done();
    };
  }

  /** Bytes of the longest chunk. */
  get most(): number {
    return Math.max(...this.chunks.map(({ length }) => length));
  }

  get taken(): string {
    return Buffer.concat(this.chunks).toString();
  }

  /** False: nothing waited. */
  async take(): Promise<boolean> {
    const take = this.takeNext;
    this.takeNext = undefined;
    take?.();
    await new Promise((resolve) => process.nextTick(resolve));
    return take !== undefined;
  }
}

let output: SlowOutput;
let writer: PacedWriter;
beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] });
  output = new SlowOutput();
  writer = new PacedWriter(output, LIMITS);
});
afterEach(() => jest.useRealTimers());

it('gives a slow reader all the time that it needs, before the end and after it', async () => {
  const text = 'a👍'.repeat(200_000);
  writer.write(text);
  writer.write('and more');
  writer.end();
  do jest.advanceTimersByTime(29_000);
  while (await output.take());
  // Not toBe: a failure would print all of it.
  expect(output.taken === `${text}and more`).toBe(true);
  expect([output.destroyed && !output.writableFinished, writer.waiting]).toEqual([false, 0]);
});

it.each([
  ['short', '👍'],
  ['long', '👍'.repeat(100_000)],
])('writes shared bytes between %s texts, and counts all until it is read', async (_length, around) => {
  const shared = SharedText.ofJson(JSON.stringify('a👍'.repeat(100_000)));
  const message = SharedText.within(around, shared, around);
  writer.write('x'.repeat(40_000));
  writer.write(message);
  expect(writer.waiting).toBeGreaterThan(shared.toString().length);
  do jest.advanceTimersByTime(29_000);
  while (await output.take());
  expect(output.taken === `${'x'.repeat(40_000)}${message.toString()}`).toBe(true);
  expect([output.most <= 65_536, writer.waiting, writer.isStalled]).toEqual([true, 0, false]);
});

it('recognises a reader that reads nothing, and closes its connection after the end', async () => {
  writer.write('x'.repeat(400_000));
  jest.advanceTimersByTime(20_000);
  await output.take();
  jest.advanceTimersByTime(29_999);
  expect(writer.isStalled).toBe(false);
  jest.advanceTimersByTime(1);
  expect(writer.isStalled).toBe(true);
  writer.end();
  jest.advanceTimersByTime(30_000);
  expect(output.destroyed).toBe(true);
});

it('writes a message of up to 320 KiB at once if nothing waits, and a later one in parts', async () => {
  writer.write('x'.repeat(320 * 1024));
  writer.write('y'.repeat(100_000));
  await output.take();
  expect(output.taken).toHaveLength(320 * 1024);
  await output.take();
  expect(output.taken).toHaveLength((320 + 32) * 1024);
});

it('accepts one message of any size and others behind it, up to the limit', () => {
  const large = 'x'.repeat(3_000_000);
  expect([writer.write(large), writer.write('small'), writer.write(large)]).toEqual([true, true, true]);
  expect(writer.write('one more')).toBe(false);
  expect(writer.waiting).toBeLessThan(6_100_000);
});
