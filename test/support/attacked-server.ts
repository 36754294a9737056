import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { send } from './wire.js';
import { ServerProcess } from './server-process.js';

/** The options of docs/deploy.md for a container of 512 MiB. */
const HEAP = '--max-old-space-size=256 --max-semi-space-size=16';
const COUNTING = `--import=${pathToFileURL('test/support/turn-work.preload.ts').href}`;
const SAMPLE_MS = 50;
/** The server has finished its work when as many samples have seen none. */
const IDLE_SAMPLES = 4;

/** What the server does in a turn of its event loop: test/support/turn-work.preload.ts. */
export interface Work {
  /** Chunks of bodies. */
  readonly chunks: number;
  readonly requests: number;
  /** Characters that are parsed as JSON. */
  readonly parsed: number;
}

/** The cost of an attack for the server. */
export interface Cost {
  /** Maximum growth of resident memory. */
  readonly mib: number;
  /** The most of each kind in one turn of the event loop. Another client waits for a few turns. */
  readonly turn: Work;
}

const NOTHING: Work = { chunks: 0, requests: 0, parsed: 0 };

/** A production server with a small heap, and the connections of an attack on it. */
export class AttackedServer {
  private readonly sockets: Socket[] = [];
  private most = NOTHING;

  private constructor(private readonly server: ServerProcess) {}

  static async start({ NODE_OPTIONS: more = '', ...env }: Record<string, string>): Promise<AttackedServer> {
    const NODE_OPTIONS = `${HEAP} ${COUNTING} ${more}`;
    const server = await ServerProcess.start({ NODE_OPTIONS, AUDIT_LOG: 'off', ...env });
    const attacked = new AttackedServer(server);
    // Code and buffers that the first requests load do not count for the attack.
    for (let request = 0; request < 50; request++) await attacked.health();
    return attacked;
  }

  get url(): string {
    return this.server.url;
  }

  /** Opens `count` connections and writes `bytes` on each. The responses stay unread, unless `reads`. */
  async flood(count: number, bytes: string | Buffer, reads = false): Promise<readonly Socket[]> {
    const { hostname, port } = new URL(this.url);
    const opened = Array.from({ length: count }, () => {
      const socket = connect(Number(port), hostname).on('error', () => undefined);
      if (reads) socket.resume();
      socket.write(bytes);
      return socket;
    });
    this.sockets.push(...opened);
    // Not `once`, which rejects where the server has reset the connection.
    await Promise.all(
      opened.map((socket) => new Promise((done) => socket.once('connect', done).once('close', done))),
    );
    return opened;
  }

  /** Runs an attack until the server has finished the work on it, and then closes its connections. */
  async costOf(attack: () => Promise<unknown>): Promise<Cost> {
    await this.idle();
    this.most = NOTHING;
    const before = this.server.residentMiB;
    this.server.forgetPeak();
    const isOver = new AbortController();
    const sampling = this.serveOthers(isOver.signal);
    try {
      await attack();
    } finally {
      isOver.abort();
      await sampling;
    }
    await this.idle();
    const cost = { mib: Math.round(this.server.peakMiB - before), turn: this.most };
    for (const socket of this.sockets.splice(0)) socket.destroy();
    return cost;
  }

  /** Ends the process at once: its orderly stop would wait for the connections of the attack. */
  async stop(): Promise<void> {
    this.server.signal('SIGKILL');
    await this.server.exited;
  }

  /** A request of another user, which must succeed throughout, like /health/live. */
  bystander: (url: string) => Promise<void> = async () => {};

  private async serveOthers(isOver: AbortSignal): Promise<void> {
    do {
      await this.health();
      await this.bystander(this.url);
      await sleep(SAMPLE_MS);
    } while (!isOver.aborted);
  }

  /** Resolves when the server works on nothing. */
  private async idle(): Promise<void> {
    let last = '';
    for (let same = 0; same < IDLE_SAMPLES; await sleep(SAMPLE_MS)) {
      const work = JSON.stringify(await this.health());
      same = work === last ? same + 1 : 0;
      last = work;
    }
  }

  /** All that the server has done so far. Rejects if it does not answer. */
  private async health(): Promise<Work> {
    const { status, headers } = await send(`${this.url}/health/live`);
    if (status !== 200) throw new Error(`/health/live answers ${status}`);
    const { all, most } = JSON.parse(String(headers['turn-work'])) as { all: Work; most: Work };
    this.most = {
      chunks: Math.max(this.most.chunks, most.chunks),
      requests: Math.max(this.most.requests, most.requests),
      parsed: Math.max(this.most.parsed, most.parsed),
    };
    return all;
  }
}

/** The next bytes on a connection; undefined after its end. */
export async function next(socket: Socket): Promise<string | undefined> {
  for (;;) {
    const chunk = socket.read() as Buffer | null;
    if (chunk !== null) return chunk.toString('latin1');
    if (socket.destroyed || socket.readableEnded) return undefined;
    const heard = new AbortController();
    const { signal } = heard;
    await Promise.race(['readable', 'close'].map((event) => once(socket, event, { signal })));
    heard.abort();
  }
}

/** Resolves when the server has read all written bytes, or the connections have ended. */
export async function sent(sockets: readonly Socket[]): Promise<void> {
  await Promise.all(
    sockets.map(async (socket) => {
      if (socket.writableLength === 0 || socket.destroyed) return;
      await new Promise((done) => socket.once('drain', done).once('close', done));
    }),
  );
}
