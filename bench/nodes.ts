/** Several nodes with one Redis: the cost of a call, of a POST that is forwarded, and of many streams. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { Agent, get, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Bench } from './bench.ts';
import { BARS, type Figure, figure } from './figures.ts';
import type { Era } from './generator.ts';
import type { Target } from './raw-http.ts';
import { AS_IT_SHIPS, freePort, type Program, type ServerProcess } from './server-process.ts';
import { inRounds, summarise } from './statistics.ts';

const STREAMS = 10_000;
const POSTS = 2_000;
/**
 * From this time after the first heartbeat of the first node on, nodes take what their Redis lacks for proof. Until then
 * each call asks Redis whether its token was revoked.
 */
const STEADY_MS = 15_000;
/** Pairs of processes in the row with a bar. Two processes of one build differ by more than the bar allows. */
const PAIRS = 12;
/** In the other rows. */
const FEW_PAIRS = 3;
const ROUNDS_OF_A_PAIR = 8;
/** Nodes of one server have one address. */
const address = { PUBLIC_URL: 'http://localhost:3001' };
/** The clients of a stopped node that connect to the other one at the same time. */
const RECONNECTING = 256;

export async function measureNodes(bench: Bench): Promise<Figure[]> {
  const redis = await startRedis();
  const env = { REDIS_URL: `redis://127.0.0.1:${redis.port}`, SHUTDOWN_DELAY: '0s' };
  const shared: Program = { ...bench.subject, env: { ...env, ...address } };
  try {
    return await bench.withServers([shared], async () => {
      await pause(STEADY_MS);
      return [
        ...(await calls(bench, shared, redis.port)),
        ...(await crossing(bench, shared)),
        ...(await streams(bench, shared)),
      ];
    });
  } finally {
    redis.stop();
  }
}

/** The same calls on a server without Redis and on a node beside others. */
async function calls(bench: Bench, shared: Program, redis: number): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const [what, era, how, limiter] of [
    ['Session call', 'session', 'limiter off', {}],
    ['Session call', 'session', 'limiter on', { RATE_LIMIT: AS_IT_SHIPS['RATE_LIMIT'] }],
    ['SSE call', 'sse', 'limiter off', {}],
  ] as const) {
    const bar = era === 'session' && how === 'limiter off' ? BARS.nodeCall : undefined;
    const alone = { ...bench.subject, env: { ...address, ...limiter } };
    const node = { ...shared, env: { ...shared.env, ...limiter } };
    const before = await commandsOf(redis);
    const pairs: Costs[] = [];
    for (let pair = 0; pair < (bar === undefined ? FEW_PAIRS : PAIRS); pair += 1) {
      pairs.push(await bench.withServers([alone, node], (servers) => leastCosts(bench, servers, era)));
    }
    const sent = (await commandsOf(redis)) - before;
    const called = pairs.length * (bench.plan.warmUpCalls + ROUNDS_OF_A_PAIR * bench.plan.callsPerRound);
    const name = `${what} on a node, ${how}`;
    figures.push(
      figure(`${name}: with Redis over without`, '×', summarise(pairs.map(([a, b]) => b / a)), bar),
      figure(`${name}: with Redis`, 'µs CPU', summarise(pairs.map(([, cost]) => cost))),
      figure(`${name}: scripts`, 'per call', summarise([sent / called])),
    );
  }
  return figures;
}

/** Microseconds of CPU for a call, on a server without Redis and on a node. */
type Costs = [alone: number, node: number];

/** Of each server its best round: what else the machine does adds to the cost of a round, and never takes from it. */
async function leastCosts(bench: Bench, servers: readonly ServerProcess[], era: Era): Promise<Costs> {
  const { sessions, warmUpCalls, callsPerRound: count } = bench.plan;
  for (const server of servers) {
    await bench.drive(server, 'hold', { count: sessions, era });
    await bench.drive(server, 'echo', { count: warmUpCalls });
  }
  const rounds = await inRounds(ROUNDS_OF_A_PAIR, servers, (server) => bench.cost(server, 'echo', { count }));
  return rounds.map((costs) => Math.min(...costs.map(({ cpu }) => cpu))) as Costs;
}

/** The POSTs for a stream of the first node arrive at the first and at the second node by turns. */
async function crossing(bench: Bench, shared: Program): Promise<Figure[]> {
  return bench.withServers([shared, shared], async ([first, second]) => {
    const { stream, endpoint } = await openStream(first!.target);
    const times: [number[], number[]] = [[], []];
    const targets = [first!, second!].map((node) => ({ ...first!.target, port: node.target.port }));
    for (let n = 0; n < POSTS * 2; n += 1) times[n % 2]!.push(await post(targets[n % 2]!, endpoint, n));
    stream.destroy();
    const [here, there] = times.map((all) => all.slice(POSTS / 10).toSorted((a, b) => a - b));
    const added = (share: number): number =>
      there![Math.floor(there!.length * share)]! - here![Math.floor(here!.length * share)]!;
    return [
      figure(
        'POST for a stream of another node: added, p50',
        'ms',
        summarise([added(0.5)]),
        BARS.crossingP50,
      ),
      figure(
        'POST for a stream of another node: added, p99',
        'ms',
        summarise([added(0.99)]),
        BARS.crossingP99,
      ),
    ];
  });
}

async function streams(bench: Bench, shared: Program): Promise<Figure[]> {
  return bench.withServers([shared, shared], async ([node, other]) => {
    await bench.drive(node!, 'idle', { count: 200 });
    await bench.drive(node!, 'drop', { count: 200 });
    const before = await node!.resident();
    await bench.drive(node!, 'idle', { count: STREAMS });
    const each = ((await node!.resident()) - before) / STREAMS / 1024;
    const delay = await heldFor(node!, 20_000);
    // Its clients reconnect to the other node, all at once.
    await node!.stop();
    const ms = await bench.drive(other!, 'idle', { count: STREAMS, lanes: RECONNECTING });
    return [
      figure(`Open stream, of ${STREAMS}`, 'KiB resident', summarise([each]), BARS.openStream),
      figure(`Event loop with ${STREAMS} streams: late, p99`, 'ms', summarise([delay]), BARS.loopDelay),
      figure(
        `${STREAMS} clients of a stopped node are at the other one`,
        's',
        summarise([ms / 1_000]),
        BARS.reconnected,
      ),
    ];
  });
}

async function heldFor(node: ServerProcess, ms: number): Promise<number> {
  await node.loopDelay();
  await pause(ms);
  return node.loopDelay();
}

interface OpenStream {
  readonly stream: IncomingMessage;
  readonly endpoint: string;
}

function openStream({ port, host, token }: Target): Promise<OpenStream> {
  return new Promise((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port,
      path: '/sse',
      headers: { Host: host, Authorization: `Bearer ${token}` },
    };
    get({ ...options, agent: false }, (stream) => {
      let text = '';
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        text += text.includes('\n\n') ? '' : chunk;
        const endpoint = /^data: (.+)$/m.exec(text)?.[1];
        if (endpoint !== undefined) resolve({ stream, endpoint });
      });
      stream.on('error', () => undefined);
    }).on('error', reject);
  });
}

const agent = new Agent({ keepAlive: true });

/** Milliseconds until the message was accepted. */
function post({ port, host, token }: Target, path: string, id: number): Promise<number> {
  const startedAt = performance.now();
  const headers = { Host: host, Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, method: 'POST', headers, agent }, (response) => {
      response.resume().once('end', () => {
        if (response.statusCode === 202) resolve(performance.now() - startedAt);
        else reject(new Error(`POST ${path}: ${response.statusCode}`));
      });
    });
    sent.once('error', reject).end(JSON.stringify({ jsonrpc: '2.0', id, method: 'ping' }));
  });
}

async function startRedis(): Promise<{ readonly port: number; stop(): void }> {
  const port = await freePort();
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir'];
  const child = spawn('redis-server', [...args, mkdtempSync(join(tmpdir(), 'bench-'))], { stdio: 'ignore' });
  const failed = once(child, 'exit').then(() => Promise.reject(new Error('redis-server did not start')));
  failed.catch(() => undefined);
  const answers = async (): Promise<void> => {
    while (!(await ask(port, 'PING').catch(() => '')).includes('PONG')) await pause(20);
  };
  await Promise.race([answers(), failed]);
  return { port, stop: () => child.kill('SIGKILL') };
}

/** The number of scripts that Redis has run. */
async function commandsOf(port: number): Promise<number> {
  const info = await ask(port, 'INFO commandstats');
  return Number(/cmdstat_evalsha:calls=(\d+)/.exec(info)?.[1] ?? 0);
}

/** One command on a connection of its own. */
async function ask(port: number, command: string): Promise<string> {
  const socket = connect(port, '127.0.0.1').setEncoding('utf8');
  let text = '';
  socket.on('data', (chunk: string) => (text += chunk));
  socket.end(`${command}\r\nQUIT\r\n`);
  await once(socket, 'close');
  return text;
}
