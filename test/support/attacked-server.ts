import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { send } from './wire.js';
import { ServerProcess } from './server-process.js';

/** The options of docs/deploy.md for a container of 512 MiB. */
export const HEAP = '--max-old-space-size=256 --max-semi-space-size=16';
const SAMPLE_MS = 50;
/** Time in which the server finishes its work after the last byte. */
const SETTLE_MS = 500;

/** The cost of an attack for the server. */
export interface Cost {
  /** Maximum growth of resident memory during the attack. */
  readonly mib: number;
  /**
   * Maximum processor time before the server answered /health/live, or the bystander, in milliseconds: the wait on an
   * otherwise idle machine.
   */
  readonly healthMs: number;
}

/** A production server with a small heap, and the connections of an attack on it. */
export class AttackedServer {
  private readonly sockets: Socket[] = [];

  private constructor(private readonly server: ServerProcess) {}

  static async start(env: Record<string, string>): Promise<AttackedServer> {
    const server = await ServerProcess.start({ NODE_OPTIONS: HEAP, AUDIT_LOG: 'off', ...env });
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

  /** Runs an attack until `ms` after it has sent its bytes, and then closes its connections. */
  async costOf(attack: () => Promise<unknown>, ms = 2_000): Promise<Cost> {
    const before = this.server.residentMiB;
    let [highest, healthMs] = [before, 0];
    const isOver = new AbortController();
    const sampling = (async () => {
      while (!isOver.signal.aborted) {
        healthMs = Math.max(healthMs, await this.health());
        highest = Math.max(highest, this.server.residentMiB);
        await sleep(SAMPLE_MS);
      }
    })();
    try {
      await attack();
      await sleep(ms);
    } finally {
      isOver.abort();
      await sampling;
      for (const socket of this.sockets.splice(0)) socket.destroy();
    }
    await sleep(SETTLE_MS);
    return { mib: Math.round(highest - before), healthMs };
  }

  /** Ends the process at once: its orderly stop would wait for the connections of the attack. */
  async stop(): Promise<void> {
    this.server.signal('SIGKILL');
    await this.server.exited;
  }

  /** A request of another user, which must succeed throughout, like /health/live. */
  bystander: (url: string) => Promise<void> = async () => {};

  /**
   * Processor time, in milliseconds, before it answers /health/live, or the bystander. Rejects if it does not answer.
   */
  private async health(): Promise<number> {
    const before = this.server.cpuMs;
    const { status } = await send(`${this.url}/health/live`);
    if (status !== 200) throw new Error(`/health/live answers ${status}`);
    const between = this.server.cpuMs;
    await this.bystander(this.url);
    return Math.max(between - before, this.server.cpuMs - between);
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
