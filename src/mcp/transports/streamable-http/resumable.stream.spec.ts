import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ReplayEntry, ReplayLog } from '../../../backplane/index.js';
import { SseStream } from '../sse.stream.js';
import { ResumableStream } from './resumable.stream.js';

/** A log whose answers take a while to arrive, as those of one that nodes share do. */
class RemoteLog implements ReplayLog {
  onTheWay = (): void => undefined;
  private readonly entries: ReplayEntry[] = [];

  async append(_key: string, entry: ReplayEntry): Promise<void> {
    this.entries.push(entry);
  }

  async after(_key: string, id: string): Promise<readonly ReplayEntry[] | undefined> {
    const index = this.entries.findIndex((entry) => entry.id === id);
    const found = index === -1 ? undefined : this.entries.slice(index + 1);
    this.onTheWay();
    return found;
  }

  async drop(): Promise<void> {}
}

const LIMITS = { maxBufferedBytes: 1_000_000, maxStallMs: 60_000 };
const lost = (): void => undefined;
let server: Server;
let log: RemoteLog;
let stream: ResumableStream;

beforeEach(async () => {
  log = new RemoteLog();
  stream = new ResumableStream('reply-1', 'session', log, lost);
  server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
});

afterEach(() => server.close());

/** A request that came in, and what its client gets. */
async function connect(): Promise<{ response: ServerResponse; body: Promise<string> }> {
  const arrived = new Promise<ServerResponse>((resolve) => {
    server.once('request', (_request, response) => resolve(response));
  });
  const answer = fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return { response: await arrived, body: answer.then((response) => response.text()) };
}

const open = (response: ServerResponse): SseStream => new SseStream(response, LIMITS, lost);
const dataIn = (body: string): string[] => [...body.matchAll(/^data: (.+)$/gm)].map(([, data]) => data!);

it.each([1, 2, 3])('loses nothing that is sent while the log is read: time %d', async (time) => {
  const first = await connect();
  const connection = open(first.response);
  stream.connect(connection, true);
  connection.end('closed_by_server');
  stream.disconnect(connection);
  const primed = /^id: (.+)$/m.exec(await first.body)![1]!;
  const sent = ['missed'];
  stream.send('missed');
  let reads = 0;
  log.onTheWay = () => {
    reads += 1;
    if (reads === 1 || reads === time) {
      sent.push(`during ${reads}`);
      stream.send(`during ${reads}`);
    }
  };
  const second = await connect();
  expect(await stream.resume(primed, () => open(second.response))).toBe(true);
  sent.push('late');
  stream.send('late');
  stream.finish();
  expect(dataIn(await second.body)).toEqual(sent);
});
