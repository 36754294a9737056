import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A connection of a node, and its own to Redis. */
interface Pair {
  readonly ends: readonly [client: Socket, upstream: Socket];
  /** It has sent a blocking read of streams. */
  isReader: boolean;
}

/** Stands between one node and Redis: what a network can do to the two. */
export class RedisProxy {
  private readonly pairs = new Set<Pair>();
  private isDark = false;
  private isReaderDark = false;
  private delayMs = 0;

  private constructor(
    private readonly server: Server,
    private port: number,
  ) {
    server.on('connection', (client) => this.join(client));
  }

  static async before(port: number): Promise<RedisProxy> {
    const server = createServer();
    const proxy = new RedisProxy(server, port);
    running.add(proxy);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return proxy;
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Ends all connections; new ones are taken. */
  cut(): void {
    for (const { ends } of this.pairs) for (const socket of ends) socket.destroy();
  }

  /** Takes connections and bytes, and passes nothing on, until it is called with false. Nothing of that is passed later. */
  blackhole(on = true): void {
    this.isDark = on;
    if (!on) this.cut();
  }

  /** The same for the connections only on which a node hears the others: its commands pass. */
  blackholeReader(on = true): void {
    this.isReaderDark = on;
    if (!on) this.cut();
  }

  /** As when the name of the primary leads to another server. */
  redirect(port: number): void {
    this.port = port;
    this.cut();
  }

  /** What a trip to Redis and back takes longer. */
  delay(ms: number): void {
    this.delayMs = ms;
  }

  close(): void {
    running.delete(this);
    this.cut();
    this.server.close();
  }

  private join(client: Socket): void {
    const upstream = connect(this.port, '127.0.0.1');
    const pair: Pair = { ends: [client, upstream], isReader: false };
    this.pairs.add(pair);
    client.on('data', (bytes) => (pair.isReader ||= bytes.includes('XREAD') || bytes.includes('xread')));
    this.pass(pair, client, upstream);
    this.pass(pair, upstream, client);
    for (const socket of pair.ends) {
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.once('close', () => {
        this.pairs.delete(pair);
        for (const end of pair.ends) end.destroy();
      });
    }
  }

  private pass(pair: Pair, from: Socket, to: Socket): void {
    from.on('data', (bytes) => {
      if (this.isDark || (this.isReaderDark && pair.isReader)) return;
      if (this.delayMs === 0) to.write(bytes);
      // Timers of one duration fire in the order in which they were set.
      else setTimeout(() => to.destroyed || to.write(bytes), this.delayMs / 2);
    });
  }
}

const running = new Set<RedisProxy>();
afterAll(() => running.forEach((proxy) => proxy.close()));
