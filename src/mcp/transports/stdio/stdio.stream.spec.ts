import { PassThrough, Writable } from 'node:stream';
import { StdioStream } from './stdio.stream.js';

/** A host that reads only when the test does so. */
class StalledOutput extends Writable {
  readonly read: string[] = [];
  private waiting: (() => void)[] = [];
  private isReading = false;

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    const take = (): void => {
      this.read.push(chunk.toString());
      done();
    };
    if (this.isReading) take();
    else this.waiting.push(take);
  }

  startReading(): void {
    this.isReading = true;
    for (const take of this.waiting.splice(0)) take();
  }
}

const LIMITS = { pauseAt: 100, closeAt: 1_000 };
const MESSAGE = 'x'.repeat(99);

/** Whether it resolves without further events. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending');
  await new Promise((resolve) => setImmediate(resolve));
  return (await Promise.race([promise, Promise.resolve(pending)])) !== pending;
}

describe('StdioStream', () => {
  it('ends each message with a line break', () => {
    const output = new PassThrough();
    const stream = new StdioStream(output, LIMITS);
    stream.send('{"a":1}');
    stream.send('{"b":2}');
    expect(output.read().toString()).toBe('{"a":1}\n{"b":2}\n');
  });

  it('has no room above the limit, and is flushed when nothing waits', async () => {
    const output = new StalledOutput();
    const stream = new StdioStream(output, LIMITS);
    stream.send(MESSAGE);
    expect(await isSettled(stream.room())).toBe(true);
    stream.send(MESSAGE);
    const [room, flushed] = [stream.room(), stream.flushed()];
    expect([await isSettled(room), await isSettled(flushed)]).toEqual([false, false]);
    output.startReading();
    await Promise.all([room, flushed]);
    expect(output.read).toHaveLength(2);
  });

  it('closes the connection of a host for which too much waits, and sends nothing more', async () => {
    const output = new StalledOutput();
    const stream = new StdioStream(output, LIMITS);
    for (let sent = 0; sent < 100; sent += 1) stream.send(MESSAGE);
    expect(await stream.lost).toBe('slow_client');
    expect(output.writableLength).toBe(1_100);
    await Promise.all([stream.room(), stream.flushed()]);
  });

  it('takes one message of any size', async () => {
    const stream = new StdioStream(new StalledOutput(), LIMITS);
    stream.send('x'.repeat(10_000));
    expect(await isSettled(stream.lost)).toBe(false);
  });

  it.each<[string, (output: StalledOutput) => void]>([
    ['breaks', (output) => output.destroy(new Error('EPIPE'))],
    ['is closed', (output) => output.destroy()],
  ])('is lost when its output %s, and blocks no waiter', async (_what, end) => {
    const output = new StalledOutput();
    const stream = new StdioStream(output, LIMITS);
    for (let sent = 0; sent < 3; sent += 1) stream.send(MESSAGE);
    const waiting = [stream.room(), stream.flushed()];
    end(output);
    expect(await stream.lost).toBe('client_disconnected');
    await Promise.all(waiting);
    stream.send(MESSAGE);
  });
});
