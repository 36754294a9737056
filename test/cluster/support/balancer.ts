import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * `alternate`: never the node that the session was at before, where there is another one; `pin`: always the same one while it
 * is ready; a number: random by this seed.
 */
export type Strategy = 'alternate' | 'pin' | number;

/** One request as the balancer saw it. */
export interface Passed {
  readonly at: number;
  session: string | undefined;
  readonly node: string;
  readonly method: string;
  /** Undefined: the node's connection broke before it answered. */
  status?: number;
  /** Whether the answer came to its end. */
  ended?: boolean;
}

interface Target {
  readonly url: string;
  isReady: boolean;
}

const PROBE_MS = 100;

/** Stands before nodes as any HTTP balancer does: asks who is ready, knows nothing of MCP, and never tries again. */
export class Balancer {
  readonly journal: Passed[] = [];
  private readonly targets = new Map<string, Target>();
  private readonly last = new Map<string, string>();
  private readonly probing: NodeJS.Timeout;
  private turn = 0;

  private constructor(
    private readonly server: Server,
    private readonly strategy: Strategy,
  ) {
    server.on('request', (incoming, response) => this.pass(incoming, response));
    this.probing = setInterval(() => void this.probe(), PROBE_MS);
    if (typeof strategy === 'number') this.turn = strategy;
  }

  static async start(strategy: Strategy): Promise<Balancer> {
    const server = createServer();
    // A stream may be silent for as long as it likes.
    server.requestTimeout = 0;
    // An idle connection that ends as its client sends the next request would look like a fault.
    server.keepAliveTimeout = 0;
    const balancer = new Balancer(server, strategy);
    running.add(balancer);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return balancer;
  }

  /** One before these nodes that never sends a session twice in a row to the same node. */
  static async alternating(nodes: readonly { readonly url: string }[]): Promise<Balancer> {
    const balancer = await Balancer.start('alternate');
    await Promise.all(nodes.map(({ url }, at) => balancer.add(`n${at + 1}`, url)));
    return balancer;
  }

  /** Throws if a session was at one node twice in a row since the last call. */
  assertAlternated(): void {
    const last = new Map<string, string>();
    for (const { session, node } of this.journal.splice(0)) {
      if (session === undefined) continue;
      if (last.get(session) === node) throw new Error(`${session} was at ${node} twice in a row`);
      last.set(session, node);
    }
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** The node is sent requests as soon as it says that it is ready. */
  async add(name: string, url: string): Promise<void> {
    this.targets.set(name, { url, isReady: false });
    while (this.targets.get(name)?.url === url && !this.targets.get(name)?.isReady) {
      await this.probe();
    }
  }

  /** As when the platform has taken the node's address back. */
  remove(name: string): void {
    this.targets.delete(name);
  }

  close(): void {
    running.delete(this);
    clearInterval(this.probing);
    this.server.close();
    this.server.closeAllConnections();
  }

  private async probe(): Promise<void> {
    await Promise.all(
      [...this.targets.values()].map(async (target) => {
        const response = await fetch(`${target.url}/health/ready`, {
          headers: { Connection: 'close' },
          signal: AbortSignal.timeout(2_000),
        }).catch(() => undefined);
        target.isReady = response?.status === 200;
        await response?.text().catch(() => '');
      }),
    );
  }

  private choose(session: string | undefined): string | undefined {
    const ready = [...this.targets].filter(([, { isReady }]) => isReady).map(([name]) => name);
    const before = session === undefined ? undefined : this.last.get(session);
    const others = this.strategy === 'alternate' ? ready.filter((name) => name !== before) : ready;
    const candidates = others.length > 0 ? others : ready;
    if (this.strategy === 'pin' && before !== undefined && ready.includes(before)) return before;
    // A linear congruential generator: the same run again by the same seed.
    this.turn =
      typeof this.strategy === 'number' ? (this.turn * 1_103_515_245 + 12_345) % 2 ** 31 : this.turn + 1;
    return candidates[Math.floor(this.turn / 7) % candidates.length] ?? candidates[0];
  }

  private pass(incoming: IncomingMessage, response: ServerResponse): void {
    const session = sessionOf(incoming);
    const node = this.choose(session);
    if (node === undefined) return void response.writeHead(502).end();
    if (session !== undefined) this.last.set(session, node);
    const passed: Passed = { at: performance.now(), session, node, method: incoming.method ?? '' };
    this.journal.push(passed);
    const { url } = this.targets.get(node)!;
    const upstream = request(url + incoming.url, {
      method: incoming.method,
      headers: incoming.headers,
      agent: false,
    });
    upstream.on('response', (answer) => {
      passed.status = answer.statusCode ?? 0;
      const opened = (id: string): void => {
        passed.session = id;
        this.last.set(id, node);
      };
      const id = answer.headers['mcp-session-id'];
      if (typeof id === 'string') opened(id);
      if (incoming.url === '/sse') {
        answer.once('data', (event: Buffer) =>
          opened(/sessionId=([\w-]+)/.exec(event.toString())?.[1] ?? ''),
        );
      }
      response.writeHead(passed.status, answer.headers);
      response.flushHeaders();
      answer.pipe(response);
      answer.on('end', () => (passed.ended = true));
      answer.on('error', () => response.destroy());
      answer.on('aborted', () => response.destroy());
    });
    upstream.on('error', () => response.destroy());
    response.on('close', () => upstream.destroy());
    incoming.pipe(upstream);
  }
}

function sessionOf({ headers, url = '' }: IncomingMessage): string | undefined {
  const header = headers['mcp-session-id'];
  if (typeof header === 'string') return header;
  return new URL(url, 'http://balancer').searchParams.get('sessionId') ?? undefined;
}

const running = new Set<Balancer>();
afterAll(() => running.forEach((balancer) => balancer.close()));
