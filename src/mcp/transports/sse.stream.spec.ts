import type { ServerResponse } from 'node:http';
import { Writable } from 'node:stream';
import type { SessionEnd } from '../sessions/peer.js';
import { SseStream } from './sse.stream.js';

const LIMITS = { maxBufferedBytes: 1_000, maxStallMs: 30_000 };
const COMMENT = ': heartbeat\n\n';

/** A response that is read only when the test does so. */
class SlowResponse extends Writable {
  read = '';
  private unread: (() => void)[] = [];

  constructor() {
    super({ highWaterMark: 50, decodeStrings: false });
  }

  writeHead(): this {
    return this;
  }

  override _write(chunk: string, _encoding: string, done: () => void): void {
    this.unread.push(() => {
      this.read += chunk;
      done();
    });
  }

  /** Reads until nothing is left. */
  async catchUp(): Promise<void> {
    while (this.unread.length > 0) {
      this.unread.shift()!();
      await Promise.resolve();
    }
    await new Promise((resolve) => process.nextTick(resolve));
  }
}

let response: SlowResponse;
let ends: SessionEnd[];
let stream: SseStream;

beforeEach(() => {
  jest.useFakeTimers({ now: 1_000_000, doNotFake: ['nextTick', 'queueMicrotask'] });
  response = new SlowResponse();
  ends = [];
  stream = new SseStream(response as unknown as ServerResponse, LIMITS, (reason) => ends.push(reason));
});
afterEach(() => jest.useRealTimers());

/** More than the response accepts at once. */
const fill = () => stream.send('x'.repeat(60));

describe('a stream whose client does not read', () => {
  it('ends once it has been blocked for the limit, from the first message that had to wait', () => {
    fill();
    jest.setSystemTime(1_000_000 + 20_000);
    fill();
    jest.setSystemTime(1_000_000 + 29_999);
    stream.heartbeat();
    expect(ends).toEqual([]);
    jest.setSystemTime(1_000_000 + 30_000);
    stream.heartbeat();
    expect(ends).toEqual(['slow_client']);
  });

  it('gets no heartbeat while data waits', async () => {
    fill();
    for (let at = 0; at < 3; at += 1) stream.heartbeat();
    await response.catchUp();
    expect(response.read).not.toContain(COMMENT);
    stream.heartbeat();
    await response.catchUp();
    expect(response.read.endsWith(COMMENT)).toBe(true);
  });

  it('has the full time again after it has caught up', async () => {
    fill();
    jest.setSystemTime(1_000_000 + 20_000);
    await response.catchUp();
    fill();
    jest.setSystemTime(1_000_000 + 40_000);
    stream.heartbeat();
    expect(ends).toEqual([]);
  });

  it('ends when too much waits, whatever the time', () => {
    for (let at = 0; ends.length === 0 && at < 100; at += 1) fill();
    expect(ends).toEqual(['slow_client']);
    expect(response.writableLength).toBeLessThan(LIMITS.maxBufferedBytes + 100);
  });
});
