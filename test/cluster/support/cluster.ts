import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { RedisProcess } from '../../../src/backplane/fixtures/redis-process.fixture.js';
import { built } from '../../support/built.js';
import { McpEndpoint } from '../../support/mcp-endpoint.js';
import { ServerProcess } from '../../support/server-process.js';
import { PUBLIC_URL, SECRET } from '../../support/test-app.js';
import { until } from '../../support/until.js';
import { Balancer, type Strategy } from './balancer.js';
import { violations } from './checker.js';
import type { History, RedisKey, Run } from './history.js';
import { keysOf } from './redis-keys.js';
import { RedisProxy } from './redis.proxy.js';

/** One node: a built server in a process of its own, with a way to Redis of its own. */
interface ClusterNode {
  process: ServerProcess;
  readonly proxy: RedisProxy;
}

/** Nodes that share a Redis, behind a balancer. */
export class Cluster {
  readonly nodes = new Map<string, ClusterNode>();
  private readonly journalFile = join(mkdtempSync(join(tmpdir(), 'cluster-')), 'runs.jsonl');

  private constructor(
    readonly redis: RedisProcess,
    readonly balancer: Balancer,
    private readonly env: Readonly<Record<string, string>>,
  ) {
    writeFileSync(this.journalFile, '');
  }

  static async start(count: number, strategy: Strategy, env: Record<string, string> = {}): Promise<Cluster> {
    const cluster = new Cluster(await RedisProcess.start(), await Balancer.start(strategy), env);
    const names = Array.from({ length: count }, (_, at) => `n${at + 1}`);
    await Promise.all(names.map((name) => cluster.startNode(name)));
    return cluster;
  }

  get url(): string {
    return this.balancer.url;
  }

  /** What the tools of all nodes have written down. */
  get runs(): Run[] {
    const lines = readFileSync(this.journalFile, 'utf8').trim().split('\n');
    return lines.filter(Boolean).map((line) => JSON.parse(line) as Run);
  }

  node(name: string): ServerProcess {
    return this.nodes.get(name)!.process;
  }

  proxy(name: string): RedisProxy {
    return this.nodes.get(name)!.proxy;
  }

  /** The same session of `/mcp`, at one node. */
  at(name: string, { sessionId }: McpEndpoint, token: string): McpEndpoint {
    const there = new McpEndpoint(this.node(name).url, token);
    there.sessionId = sessionId;
    return there;
  }

  /** Waits until no node takes what Redis lacks for lost any more. Before that, it remembers no verdict on a token. */
  async steady(token: string): Promise<void> {
    for (const { process } of this.nodes.values()) {
      const unknown = new McpEndpoint(process.url, token);
      unknown.sessionId = 'unknown';
      await until(async () => (await unknown.call(1, 'ping')).status === 404);
    }
  }

  /** All that Redis holds. */
  keys(): Promise<RedisKey[]> {
    return keysOf(this.redis);
  }

  /** What is wrong with what clients saw, and the tools of these nodes wrote down. */
  violations(history: Partial<History>): string[] {
    return violations({ asked: [], runs: this.runs, ...history });
  }

  async startNode(name: string): Promise<void> {
    const proxy = this.nodes.get(name)?.proxy ?? (await RedisProxy.before(this.redis.port));
    const preloads = ['../../support/four-tools', 'journal'];
    if (this.env['PLANTED'] !== undefined) preloads.push('plants');
    // First: modules remember the time at which they are loaded.
    if (this.env['CLOCKS'] !== undefined) preloads.unshift('clock');
    const env = {
      NODE_ENV: 'development',
      HOST: '127.0.0.1',
      PUBLIC_URL,
      JWT_SECRET: SECRET,
      REDIS_URL: proxy.url,
      SHUTDOWN_DELAY: '300ms',
      NODE_NAME: name,
      RUN_JOURNAL: this.journalFile,
      ...this.env,
      NODE_OPTIONS: `${preloads.map(preload).join(' ')} ${this.env['NODE_OPTIONS'] ?? ''}`,
    };
    // Preloads change modules of the build by their paths: a bundle would not notice.
    const process = await ServerProcess.start(env, undefined, built('main.js'));
    this.nodes.set(name, { process, proxy });
    await this.balancer.add(name, process.url);
  }

  async kill(name: string): Promise<void> {
    const { process } = this.nodes.get(name)!;
    process.signal('SIGKILL');
    await process.exited;
  }

  /** As an orchestrator replaces a node: another one first, or the same one after it has stopped in order. */
  async restart(name: string): Promise<void> {
    await this.node(name).stop();
    await this.startNode(name);
  }

  async stop(): Promise<void> {
    this.balancer.close();
    const stopping = [...this.nodes.values()].map(({ process }) => {
      // One that a failed test has left stopped would not hear the other signal.
      process.signal('SIGCONT');
      return process.stop();
    });
    await Promise.all(stopping);
    for (const { proxy } of this.nodes.values()) proxy.close();
    await this.redis.stop();
  }
}

function preload(name: string): string {
  return `--import=${pathToFileURL(resolve(`test/cluster/support/${name}.preload.ts`)).href}`;
}
