import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** Stands between one node and Redis: what a network can do to the two. */
export class RedisProxy {
  private readonly pairs = new Set<readonly [Socket, Socket]>();
  private isDark = false;
  private delayMs = 0;

  private constructor(
    private readonly server: Server,
    private readonly port: number,
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
    for (const pair of this.pairs) for (const socket of pair) socket.destroy();
  }

  /** Takes connections and bytes, and passes nothing on, until it is called with false. Nothing of that is passed later. */
  blackhole(on = true): void {
    this.isDark = on;
    if (!on) this.cut();
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
    const pair = [client, upstream] as const;
    this.pairs.add(pair);
    this.pass(client, upstream);
    this.pass(upstream, client);
    for (const socket of pair) {
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.once('close', () => {
        this.pairs.delete(pair);
        for (const end of pair) end.destroy();
      });
    }
  }

  private pass(from: Socket, to: Socket): void {
    from.on('data', (bytes) => {
      if (this.isDark) return;
      if (this.delayMs === 0) to.write(bytes);
      // Timers of one duration fire in the order in which they were set.
      else setTimeout(() => to.destroyed || to.write(bytes), this.delayMs / 2);
    });
  }
}

const running = new Set<RedisProxy>();
afterAll(() => running.forEach((proxy) => proxy.close()));
