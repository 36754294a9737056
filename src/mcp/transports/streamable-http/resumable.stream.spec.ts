import type { ReplayEntry, ReplayLog } from '../../../backplane/index.js';
import type { Principal } from '../../sessions/principal.js';
import { Session } from '../../sessions/session.js';
import type { SseStream } from '../sse.stream.js';
import { ResumableStream } from './resumable.stream.js';
import { SessionStreams } from './session.streams.js';

/** A log that takes its time, as one beyond the network does. */
class DistantLog implements ReplayLog {
  private readonly entries: ReplayEntry[] = [];
  /** Called while something is looked up. */
  onLookup: () => void = () => {};

  async append(_key: string, entry: ReplayEntry): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.entries.push(entry);
  }

  async after(_key: string, id: string): Promise<readonly ReplayEntry[] | undefined> {
    const at = this.entries.findIndex((entry) => entry.id === id);
    const rest = at === -1 ? undefined : this.entries.slice(at + 1);
    this.onLookup();
    return rest;
  }

  async drop(): Promise<void> {}
}

class Connection {
  readonly events: { id: string; data: string }[] = [];

  prime(id: string): void {
    this.events.push({ id, data: '' });
  }

  numbered(id: string, data: string): void {
    this.events.push({ id, data });
  }

  end(): void {}

  get data(): string[] {
    return this.events.map(({ data }) => data);
  }
}

const asSse = (connection: Connection): SseStream => connection as unknown as SseStream;

describe('a stream that is resumed', () => {
  let log: DistantLog;
  let stream: ResumableStream;
  let first: Connection;

  beforeEach(() => {
    log = new DistantLog();
    stream = new ResumableStream('standing', 's', log, () => {});
    first = new Connection();
    stream.connect(asSse(first), true);
  });

  it('waits for what is on its way to the log', async () => {
    stream.send('one');
    const again = new Connection();
    expect(await stream.resume(first.events[0]!.id, () => asSse(again))).toBe(true);
    expect(again.data).toEqual(['one']);
  });

  it('loses nothing that is sent while the log is read, and repeats nothing', async () => {
    stream.send('one');
    let sent = 1;
    log.onLookup = () => {
      if (sent < 4) stream.send(`more ${(sent += 1)}`);
    };
    const again = new Connection();
    await stream.resume(first.events[0]!.id, () => asSse(again));
    stream.send('last');
    expect(again.data).toEqual(['one', 'more 2', 'more 3', 'more 4', 'last']);
  });
});

describe('the streams of a session', () => {
  it('are forgotten once they have finished', () => {
    const session = new Session('s', { key: 'alice' } as Principal, 'streamable-http');
    const streams = new SessionStreams(new DistantLog());
    const [running, finished] = [streams.forReply(session), streams.forReply(session)];
    const [idOfRunning, idOfFinished] = [running, finished].map((stream) => {
      const connection = new Connection();
      stream.connect(asSse(connection), true);
      return connection.events[0]!.id;
    });
    finished.finish();
    streams.forgetFinished(session);
    expect(streams.sentOn(session, idOfRunning!)).toBe(running);
    expect(streams.sentOn(session, idOfFinished!)).not.toBe(finished);
  });
});
