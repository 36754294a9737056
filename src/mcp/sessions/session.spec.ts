import type { SessionEnd, SessionStream } from './peer.js';
import type { Principal } from '../authorization/principal.js';
import { Session } from './session.js';

class RecordedStream implements SessionStream {
  readonly sent: string[] = [];
  readonly ends: SessionEnd[] = [];

  send(message: string): void {
    this.sent.push(message);
  }

  end(reason: SessionEnd): void {
    this.ends.push(reason);
  }

  heartbeat(): void {}
}

let session: Session;
let stream: RecordedStream;

beforeEach(() => {
  session = new Session('s', { key: 'alice' } as Principal, 'streamable-http');
  stream = new RecordedStream();
  session.attach(stream);
});

it('ends the stream that another one replaces, and not one that is attached again', () => {
  session.attach(stream);
  expect(stream.ends).toEqual([]);
  session.attach(new RecordedStream());
  expect(stream.ends).toEqual(['replaced']);
});

it('sends nothing on a stream without a connection, and is idle then', () => {
  session.send('heard');
  expect(session.hasStream).toBe(true);
  session.detach(stream);
  session.send('lost');
  expect([stream.sent, session.hasStream]).toEqual([['heard'], false]);
  expect(session.idleSince).toEqual(expect.any(Number));
});

it('takes over what another node has stored, and nothing else', () => {
  session.subscribe('x://here');
  session.restore({ ...session.record, subscriptions: ['x://there'] });
  expect([...session.subscriptions]).toEqual(['x://there']);
});

it('lives, if its token is shown again after its expiry, until the guard refuses the token', () => {
  const [expiresAt, refusedFrom] = [1_010_000, 1_015_000];
  const token = { key: 'alice', issuedAt: 1, expiresAt, refusedFrom } as Principal;
  jest.useFakeTimers({ now: 1_000_000 });
  session = new Session('s', token, 'streamable-http');
  session.refreshToken(token);
  expect(session.endsAt).toBe(expiresAt);
  jest.setSystemTime(1_012_000);
  session.refreshToken(token);
  expect(session.endsAt).toBe(refusedFrom);
  jest.useRealTimers();
});
