import { Test, type TestingModule } from '@nestjs/testing';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import {
  BackplaneModule,
  BackplaneNode,
  Records,
  type StoredEvent,
  EventStore,
} from '../../../backplane/index.js';
import { InFlightBudgets } from '../../limits/in-flight.budgets.js';
import type { McpModuleOptions } from '../../mcp.options.js';
import { SseStream } from '../sse.stream.js';
import type { Principal } from '../../authorization/principal.js';
import { Session } from '../../sessions/session.js';
import type { SessionService } from '../../sessions/session.service.js';
import { ResumableStream } from './resumable.stream.js';
import { SessionStreams } from './session.streams.js';
import { TailedReply } from './tailed.reply.js';

/** An event store with latency, like one that nodes share. */
class RemoteLog implements EventStore {
  onTheWay = (): void => undefined;

  constructor(private readonly log: EventStore) {}

  async append(key: string, entry: StoredEvent): Promise<number> {
    await turn();
    return this.log.append(key, entry);
  }

  async after(key: string, id: string): Promise<readonly StoredEvent[] | undefined> {
    const found = await this.log.after(key, id);
    this.onTheWay();
    return found;
  }

  drop(key: string): Promise<void> {
    return this.log.drop(key);
  }
}

const LIMITS = { maxBufferedBytes: 1_000_000, maxStallMs: 60_000 };
const lost = (): void => undefined;
let backplane: TestingModule;
let node: BackplaneNode;
let server: Server;
let log: RemoteLog;
let stream: ResumableStream;

beforeEach(async () => {
  backplane = await Test.createTestingModule({ imports: [BackplaneModule.forRoot()] }).compile();
  node = backplane.get(BackplaneNode);
  log = new RemoteLog(backplane.get<EventStore>(EventStore));
  stream = new ResumableStream({ name: 'reply-1', logKey: 'session', log, onLost: lost, isPrimed: true });
  server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
});

afterEach(() => server.close());

/** A request, and what its client receives. */
async function connect(): Promise<{ response: ServerResponse; body: Promise<string> }> {
  const arrived = new Promise<ServerResponse>((resolve) => {
    server.once('request', (_request, response) => resolve(response));
  });
  const answer = fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return { response: await arrived, body: answer.then((response) => response.text()) };
}

const open = (response: ServerResponse): SseStream => new SseStream(response, LIMITS, lost);
const unwanted = (): never => {
  throw new Error('there is nothing to open a connection for');
};
const dataIn = (body: string): string[] => [...body.matchAll(/^data: (.+)$/gm)].map(([, data]) => data!);

/** Connects `stream` and drops the connection; returns the event id to resume from. */
async function connectOnce(resumable: ResumableStream): Promise<string> {
  const { response, body } = await connect();
  const connection = open(response);
  resumable.open(connection);
  connection.end('closed_by_server');
  resumable.disconnect(connection);
  return /^id: (.+)$/m.exec(await body)![1]!;
}

it.each([1, 2, 3])('loses nothing that is sent while the event store is read: time %d', async (time) => {
  const primed = await connectOnce(stream);
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
  expect(await stream.resume(primed, () => open(second.response))).toBe('resumed');
  sent.push('late');
  stream.send('late');
  stream.finish(true);
  expect(dataIn(await second.body)).toEqual(sent);
});

it('waits for appends in progress', async () => {
  const primed = await connectOnce(stream);
  const second = await connect();
  stream.send('just now');
  expect(await stream.resume(primed, () => open(second.response))).toBe('resumed');
  stream.finish(true);
  expect(dataIn(await second.body)).toEqual(['just now']);
});

it('is removed from its session once it has finished', async () => {
  const session = new Session('s', { key: 'alice' } as Principal, 'streamable-http');
  session.protocolVersion = '2025-11-25';
  const streams = new SessionStreams(
    log,
    backplane.get<Records>(Records),
    node,
    // Only mail of other nodes asks for sessions.
    {} as SessionService,
    new InFlightBudgets({ bytesInFlight: 2 ** 20, callsInFlight: 1 } as McpModuleOptions),
  );
  const [running, finished] = [streams.forReply(session, [1]), streams.forReply(session, [2])];
  const [idOfRunning, idOfFinished] = [await connectOnce(running), await connectOnce(finished)];
  finished.finish(true);
  streams.forgetFinished(session);
  await finished.stored;
  expect(streams.sentOn(session, idOfRunning)).toBe(running);
  expect(streams.sentOn(session, idOfFinished)).not.toBe(finished);
});

it('reports that nothing is left once it has finished without the reply', async () => {
  const primed = await connectOnce(stream);
  stream.finish(false);
  expect(await stream.resume(primed, unwanted)).toBe('nothing_left');
  const [end] = (await log.after('session', primed))!;
  expect(await stream.resume(end!.id, unwanted)).toBe('nothing_left');
});

it('makes a client on a node that does not know who sends it reconnect', async () => {
  const primed = await connectOnce(stream);
  const options = { name: 'reply-1', logKey: 'session', log, isPrimed: true };
  const elsewhere = new TailedReply({
    ...options,
    node,
    stored: async () => true,
    origin: async () => undefined,
  });
  const { response, body } = await connect();
  expect(await elsewhere.resume(primed, () => open(response))).toBe('resumed');
  expect(await body).toBe(`id: ${primed}\ndata: \n\nretry: 1000\n\n`);
  stream.finish(false);
  // Until the end is stored; the other node does not wait for it.
  while ((await log.after('session', primed))?.length !== 1) await turn();
  expect(await elsewhere.resume(primed, () => open(response))).toBe('nothing_left');
});

it('sends an event id to a connection without one, at the first heartbeat', async () => {
  const primed = await connectOnce(stream);
  const second = await connect();
  await stream.resume(primed, () => open(second.response));
  stream.heartbeat();
  stream.heartbeat();
  stream.finish(true);
  // A comment is left out while data waits.
  expect((await second.body).replaceAll(': heartbeat\n\n', '')).toBe(`id: ${primed}\ndata: \n\n`);
});
