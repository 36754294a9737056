/** The load generator: a separate process, which runs commands that it gets over IPC and reports their duration. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Question } from './child.ts';
import type { BenchClient } from './bench-client.ts';
import { useWholeLimit } from './heavy-caller.ts';
import { SessionClient, StatelessClient } from './mcp-endpoint.ts';
import { McpSession } from './mcp-session.ts';
import { PostConnection, type Target } from './raw-http.ts';

/** The protocol of the held clients: 2024-11-05 over SSE, 2025-11-25 or 2026-07-28 over `/mcp`. */
export type Era = 'sse' | 'session' | 'stateless';

/**
 * `awake`: the generator never sleeps, so that no server pays for waking it. `sleeping`: it sleeps whenever it waits, as
 * clients do.
 */
export type Regime = 'awake' | 'sleeping';

export interface Load {
  readonly target: Target;
  readonly count: number;
  /** Number of tools that `tools/list` must name. */
  readonly tools?: number;
  /** Number of sessions that are opened at the same time, each with a connection for its POSTs. Default: 16. */
  readonly lanes?: number;
  /** Default: SSE. */
  readonly era?: Era;
  readonly regime?: Regime;
  /** A second user, who shares the server with the user of `target`. */
  readonly heavy?: Target;
}

const LANES = 16;
const REFUSED = 'Not a stream: HTTP/1.1 503 ';
const RETRY_MS = 1_000;
/** A server that has sent no reply for this time has lost one. */
const STALL_MS = 10_000;
/** Pause between two calls of a light caller, which stays within its limit. */
const LIGHT_PAUSE_MS = 10;

let finished = 0;

const held = new Map<number, { readonly sessions: BenchClient[]; readonly posts: PostConnection[] }>();

const OPENERS: Readonly<
  Record<Era, (target: Target, posts: PostConnection, mark: string) => Promise<BenchClient>>
> = {
  sse: (target, posts) => McpSession.open(target, posts),
  session: (_target, posts, mark) => SessionClient.open(posts, mark),
  stateless: async (_target, posts, mark) => new StatelessClient(posts, mark),
};

const commands: Readonly<Record<string, (load: Load) => Promise<number | void>>> = {
  /** Opens idle sessions and holds them. Closes the connections of their POSTs, as clients do after some time. */
  async idle(load) {
    const sessions: McpSession[] = [];
    await inLanes(load, async (posts) => {
      sessions.push(await openUntilAccepted(load.target, posts));
    });
    held.set(load.target.port, { sessions, posts: [] });
  },
  /** Opens sessions, each with a connection for its POSTs, and holds them. */
  async hold({ target, count, era = 'sse' }) {
    const posts = Array.from({ length: count }, () => new PostConnection(target));
    const sessions = await Promise.all(
      posts.map((connection, at) => OPENERS[era](target, connection, `client ${at}`)),
    );
    held.set(target.port, { sessions, posts });
  },
  async drop({ target }) {
    const { sessions, posts } = heldFor(target);
    for (const each of [...sessions, ...posts]) each.close();
    held.delete(target.port);
  },
  echo: ({ target, count }) => spread(target, count, (session) => session.echo()),
  list: ({ target, count, tools }) => spread(target, count, (session) => session.list(tools!)),
  /**
   * Sends one call at a time, `count` times or until the heavy caller has finished, and reports the 99th percentile of
   * their duration.
   */
  async wait({ target, count, heavy }) {
    const [client] = heldFor(target).sessions;
    const times: number[] = [];
    const other = { isDone: heavy === undefined };
    const done = heavy === undefined ? undefined : useWholeLimit(heavy).finally(() => (other.isDone = true));
    while (!other.isDone || times.length < count) {
      const startedAt = performance.now();
      await client!.echo();
      times.push(performance.now() - startedAt);
      finished += 1;
      await pause(LIGHT_PAUSE_MS);
    }
    if ((await done) === 0) throw new Error('The heavy caller got no call through');
    return times.toSorted((a, b) => a - b)[Math.ceil(times.length * 0.99) - 1]!;
  },
  /** Opens sessions and closes each at once. */
  cycle: (load) => inLanes(load, async (posts) => (await McpSession.open(load.target, posts)).close()),
};

/** A client that is refused with 503 comes back after a second, as `Retry-After` asks it to. */
async function openUntilAccepted(target: Target, posts: PostConnection): Promise<McpSession> {
  for (;;) {
    try {
      return await McpSession.open(target, posts);
    } catch (error) {
      if (!String(error).includes(REFUSED)) throw error;
      await pause(RETRY_MS);
    }
  }
}

/** `count` operations over the held sessions, one in flight on each. */
async function spread(
  target: Target,
  count: number,
  work: (session: BenchClient) => Promise<void>,
): Promise<void> {
  let left = count;
  await Promise.all(
    heldFor(target).sessions.map(async (session) => {
      while (left > 0) {
        left -= 1;
        await work(session);
        finished += 1;
      }
    }),
  );
}

async function inLanes(
  { target, count, lanes = LANES }: Load,
  work: (posts: PostConnection) => Promise<void>,
): Promise<void> {
  let left = count;
  const lane = async (): Promise<void> => {
    const posts = new PostConnection(target);
    while (left > 0) {
      left -= 1;
      await work(posts);
      finished += 1;
    }
    posts.close();
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

function heldFor({ port }: Target) {
  const sessions = held.get(port);
  if (sessions === undefined) throw new Error('No sessions are held on that server');
  return sessions;
}

async function run({ command, argument }: Question): Promise<number> {
  const startedAt = performance.now();
  const stalled = whenStalled();
  const load = argument as Load;
  const sleep = load.regime === 'sleeping' ? () => {} : stayAwake();
  const told = await Promise.race([commands[command]!(load), stalled.promise]).finally(sleep);
  stalled.forget();
  return told ?? performance.now() - startedAt;
}

/**
 * Keeps this process awake until the returned function is called. A server has to wake a sleeping peer with each write,
 * and a faster server finds it awake more often: this would count as a cost of the server.
 */
function stayAwake(): () => void {
  let awake = true;
  const turn = (): void => {
    if (awake) setImmediate(turn);
  };
  turn();
  return () => {
    awake = false;
  };
}

function whenStalled(): { readonly promise: Promise<never>; readonly forget: () => void } {
  const { promise, reject } = Promise.withResolvers<never>();
  let before = -1;
  const timer = setInterval(() => {
    if (finished === before) reject(new Error(`No reply for ${STALL_MS / 1000} s`));
    before = finished;
  }, STALL_MS);
  return { promise, forget: () => clearInterval(timer) };
}

process.on('message', (question: Question) => {
  run(question).then(
    (value) => process.send?.({ id: question.id, value }),
    (error: unknown) => process.send?.({ id: question.id, error: String(error) }),
  );
});
