/**
 * Loaded by `node --import` ahead of a built node: breaks one behaviour of it at a time, the one that the file `PLANTED`
 * names now. A method that is not there any more ends the node: a plant would break nothing.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type * as Backplane from '../../../src/backplane/index.js';
import type { RedisConnection } from '../../../src/backplane/redis/redis.connection.js';
import type { BusMessage } from '../../../src/backplane/shared/bus.js';
import type { Fields, RecordChange } from '../../../src/backplane/records.js';
import type * as Refusals from '../../../src/mcp/messages/refused.error.js';

type Method = (this: object, ...args: never[]) => unknown;
/** What is called in place of a method: with the method itself, bound. */
type Broken = (this: never, original: (...args: unknown[]) => unknown, ...args: never[]) => unknown;

const dist = pathToFileURL(`${import.meta.dirname}/../../../dist/`).href;
const load = async <Exports>(file: string): Promise<Exports> => (await import(`${dist}${file}`)) as Exports;
await import('reflect-metadata');
const refusals = await load<typeof Refusals>('mcp/messages/refused.error.js');
const backplane = await load<typeof Backplane>('backplane/index.js');

const file = process.env['PLANTED']!;
const isPlanted = (plant: string): boolean => readFileSync(file, 'utf8') === plant;

async function breaks(plant: string, path: string, method: string, broken: Broken): Promise<void> {
  const types = Object.values(await load<Record<string, unknown>>(path));
  const prototypes = types.map((type) => (type as { prototype?: Record<string, Method> }).prototype);
  const prototype = prototypes.find((one) => typeof one?.[method] === 'function');
  if (prototype === undefined) throw new Error(`${plant} breaks nothing: ${path} has no ${method}`);
  const original = prototype[method]!;
  prototype[method] = function (...args) {
    const whole = original.bind(this) as (...given: unknown[]) => unknown;
    return isPlanted(plant) ? broken.call(this as never, whole, ...args) : original.apply(this, args);
  };
}

const isSession = (key: string): boolean => key.startsWith('session:');
interface Store {
  readonly connection: RedisConnection;
  keyOf(key: string): string;
  read(key: string): Promise<Fields>;
}

// P1: an end is neither written down nor heard.
await breaks('P1', 'backplane/redis/redis-records.js', 'end', function (this: Store, _end, key: string) {
  return this.connection.run((redis) => redis.del(this.keyOf(key)));
});
await breaks('P1', 'backplane/shared/bus.js', 'deliver', (deliver, message: BusMessage) => {
  if (message.topic !== 'session.ended') deliver(message);
});

// P2: a node that stops ends its sessions everywhere.
await breaks('P2', 'mcp/sessions/session.service.js', 'forget', (forget, session: object, reason: string) =>
  forget(session, reason, 'everywhere'),
);

// P3, P4: what a client sends to its running call is not passed on.
await breaks('P3', 'mcp/sessions/session.relay.js', 'send', async () => undefined);
await breaks(
  'P4',
  'mcp/sessions/session.relay.js',
  'cancel',
  (cancel, peer: { calls: Map<unknown, unknown> }, id: unknown) =>
    peer.calls.has(id) ? cancel(peer, id) : undefined,
);

// P5: a change is told on its own node only; nodes do not agree which stream carries it.
interface Broadcast {
  tell(change: object, offset: undefined): void;
}
await breaks(
  'P5',
  'mcp/catalog/change.broadcast.js',
  'publish',
  async function (this: Broadcast, _publish, change: object) {
    this.tell(change, undefined);
  },
);
interface Carriage {
  readonly joining: ReadonlyMap<string, unknown>;
}
await breaks(
  'P5 streams',
  'mcp/transports/streamable-http/standalone.carriage.js',
  'heard',
  function (this: Carriage, heard, carried: { stream?: { key: string } }, offset: string) {
    if (this.joining.has(carried.stream?.key ?? '')) heard(carried, offset);
  },
);

// P6: the stream of a running call ends at once at another node.
await breaks('P6', 'mcp/transports/streamable-http/tailed.reply.js', 'resume', async () => 'nothing_left');

// P7: no node knows what runs on another.
await breaks('P7', 'mcp/gate/duplicate.guard.js', 'take', async () => undefined);

// P8: a record is read, changed and written as a whole.
await breaks(
  'P8',
  'backplane/redis/redis-records.js',
  'patch',
  async function (this: Store, patch, key: string, change: RecordChange, ttlMs: number) {
    if (!isSession(key) || ttlMs === undefined) return patch(key, change, ttlMs);
    const fields = { ...(await this.read(key)), ...change.set };
    for (const name of change.unset ?? []) delete fields[name];
    await sleep(100);
    const name = this.keyOf(key);
    await this.connection.run((redis) =>
      redis.multi().del(name).hset(name, fields).pexpire(name, ttlMs).exec(),
    );
    return 'ok';
  },
);

// P9, P10: a node goes by the newest token that it has seen itself.
interface Expiry {
  readonly node: { end(session: object, reason: string, where: string): Promise<void> };
}
for (const [plant, over] of [
  ['P9', 'token_expired'],
  ['P10', 'token_revoked'],
]) {
  await breaks(
    plant!,
    'mcp/sessions/session.expiry.js',
    'endUnlessRefreshed',
    function (this: Expiry, endUnlessRefreshed, session: object, reason: string, isOver: unknown) {
      if (reason !== over) return endUnlessRefreshed(session, reason, isOver);
      return this.node.end(session, reason, 'everywhere');
    },
  );
}

// P11: a stream of another node is unknown; or it is not waited for what that node decides.
await breaks('P11', 'mcp/gate/post.forwarding.js', 'nodeOf', () => {
  throw refusals.unknownSession();
});
await breaks('P11 early', 'mcp/gate/post.forwarding.js', 'ask', async (ask, node: string, post: object) => {
  (ask(node, post) as Promise<unknown>).catch(() => undefined);
  return { kind: 'accepted' };
});

// P12: a node refuses from the moment in which it is told to stop.
let isStopping = false;
await breaks('P12', 'observability/readiness.js', 'obstruct', (obstruct, reason: string) => {
  isStopping ||= reason === 'shutting_down';
  obstruct(reason);
});
await breaks('P12', 'mcp/gate/gate.js', 'judge', (judge, ...args: never[]) => {
  if (isStopping) throw refusals.shuttingDown();
  judge(...args);
});

// P13: an outage is an internal error; or what can't be read is unknown.
interface Thrown {
  readonly message: string;
}
await breaks('P13', 'mcp/transports/refusal.filter.js', 'catch', (filter, thrown: Thrown, host: object) =>
  filter(thrown instanceof backplane.BackplaneUnavailable ? new Error(thrown.message) : thrown, host),
);
await breaks('P13 unknown', 'mcp/sessions/session.store.js', 'read', async (read, ...args: never[]) =>
  (read(...args) as Promise<unknown>).catch(() => undefined),
);
