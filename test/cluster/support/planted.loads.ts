import { Listening } from '../../support/listening.js';
import { McpEndpoint } from '../../support/mcp-endpoint.js';
import { RawSession } from '../../support/raw-session.js';
import { signToken } from '../../support/tokens.js';
import { until } from '../../support/until.js';
import { ask, askAnswering, askOnStream, askResuming, newMark } from './asking.js';
import type { Cluster } from './cluster.js';
import type { Asked, Change, Heard, History, Run, Sent } from './history.js';

/** What a load leaves behind of two nodes, n1 and n2. */
export type PlantedLoad = (cluster: Cluster, token: string) => Promise<Partial<History>>;

const REVISION = '2025-11-25';
const HOUR_MS = 3_600_000;

const open = ({ nodes }: Cluster, name: string, token: string, capabilities: object = {}) =>
  McpEndpoint.open(nodes.get(name)!.process.url, token, REVISION, capabilities);
const change = async (endpoint: McpEndpoint, uri?: string): Promise<void> => {
  const call = { name: 'change', arguments: uri === undefined ? {} : { uri } };
  await (await endpoint.call(newMark(), 'tools/call', call)).text();
};
const hasRun = ({ runs }: Cluster, mark: string, ...what: Run['what'][]): boolean =>
  runs.some((run) => run.mark === mark && what.includes(run.what));

/** A session is deleted at one node while it is used at the other. */
export const deleting: PlantedLoad = async (cluster, token) => {
  const endpoint = await open(cluster, 'n1', token);
  const mark = newMark();
  const running = ask(cluster.at('n2', endpoint, token), { mark, ms: 500 });
  await until(() => hasRun(cluster, mark, 'begin'));
  await endpoint.delete();
  const since = performance.now();
  const asked = [await running];
  // Until the end has had its second.
  while (asked.at(-1)!.at! < since + 1_200) {
    for (const name of ['n1', 'n2']) asked.push(await ask(cluster.at(name, endpoint, token)));
  }
  // Nodes that have just started take what is missing for lost: 503.
  return { asked, ended: new Map([[endpoint.sessionId!, since]]), isCalm: false };
};

/** A node is stopped in order, while a client goes on with it that still knows its address. */
export const stopping: PlantedLoad = async (cluster, token) => {
  const endpoint = await open(cluster, 'n1', token);
  const node = cluster.node('n1');
  node.signal('SIGTERM');
  await until(async () => (await fetch(`${node.url}/health/ready`)).status === 503);
  const asked = [await ask(endpoint), await ask(endpoint)];
  await node.exited;
  return { asked: [...asked, await ask(cluster.at('n2', endpoint, token))] };
};

/** A call asks its client, and the answer is sent to the other node. */
export const answering: PlantedLoad = async (cluster, token) => {
  const endpoint = await open(cluster, 'n1', token, { elicitation: {} });
  const [mark, sent, heard] = [newMark(), [] as Sent[], [] as Heard[]];
  const ended = new Map<string, number>();
  const answered = async (status: number): Promise<void> => {
    sent.push({ mark, what: 'answered', status });
    // It would wait for ever where the answer was lost.
    await endpoint.delete();
    ended.set(endpoint.sessionId!, performance.now());
  };
  const there = cluster.at('n2', endpoint, token);
  const asked = [await askAnswering(endpoint, there, answered, { mark, heard })];
  await until(() => hasRun(cluster, mark, 'end', 'aborted'));
  return { asked, heard, sent, ended };
};

/** A call is cancelled at the other node. */
export const cancelling: PlantedLoad = async (cluster, token) => {
  const endpoint = await open(cluster, 'n1', token);
  const mark = newMark();
  const running = ask(endpoint, { mark, ms: 1_500 });
  await until(() => hasRun(cluster, mark, 'begin'));
  const params = { requestId: mark };
  const there = cluster.at('n2', endpoint, token);
  const { status } = await there.post({ jsonrpc: '2.0', method: 'notifications/cancelled', params });
  await until(() => hasRun(cluster, mark, 'end', 'aborted'));
  return { asked: [await running], sent: [{ mark, what: 'aborted', status }] };
};

/** Streams of three sessions: at one node, at the other, and at both. */
export const telling: PlantedLoad = async (cluster, token) => {
  const sessions = await Promise.all(['n1', 'n1', 'n1'].map((name) => open(cluster, name, token)));
  const [here, there, both] = sessions as [McpEndpoint, McpEndpoint, McpEndpoint];
  const streams: [McpEndpoint, Listening][] = [];
  for (const [endpoint, name] of [
    [here, 'n1'],
    [there, 'n2'],
    [both, 'n1'],
    [both, 'n2'],
  ] as const) {
    streams.push([endpoint, await Listening.open(cluster.at(name, endpoint, token))]);
  }
  const changes: Change[] = [{ what: 'tools/list_changed', at: performance.now() }];
  await change(here);
  await until(() => streams[0]![1].received.length > 0);
  // The end of a session comes after the change, on each of its streams.
  for (const endpoint of sessions) await endpoint.delete();
  await until(() => streams.every(([, { ended }]) => ended));
  return { changes, ...heardOn(streams) };
};

/** A session subscribes to two resources at once, at two nodes. */
export const subscribing: PlantedLoad = async (cluster, token) => {
  const endpoint = await open(cluster, 'n1', token);
  const stream = await Listening.open(endpoint);
  const uris = ['journal://left', 'journal://right'];
  const subscribed = ['n1', 'n2'].map((name, at) =>
    cluster.at(name, endpoint, token).request(name, 'resources/subscribe', { uri: uris[at] }),
  );
  const errors = (await Promise.all(subscribed)).flatMap(({ error }) => error ?? []);
  if (errors.length > 0) throw new Error(JSON.stringify(errors));
  const changes: Change[] = uris.map((uri) => ({ what: `resources/updated ${uri}`, at: performance.now() }));
  for (const uri of uris) await change(endpoint, uri);
  await change(endpoint);
  await until(() => stream.heard.includes('tools/list_changed'));
  // Answered by what was read for the updates, or later.
  await (await endpoint.call('last', 'ping')).text();
  await endpoint.delete();
  await until(() => stream.ended);
  return { changes, ...heardOn([[endpoint, stream]]) };
};

/** A client loses the connection of a running call, and goes on at the other node. */
export const resuming: PlantedLoad = async (cluster, token) => {
  const endpoint = await McpEndpoint.open(cluster.url, token);
  const heard: Heard[] = [];
  return { asked: [await askResuming(endpoint, { ms: 200, steps: 3, heard, attempts: 1 })], heard };
};

/** A request is sent to both nodes. */
export const repeating: PlantedLoad = async (cluster, token) => {
  const endpoint = await open(cluster, 'n1', token);
  const mark = newMark();
  const first = ask(endpoint, { mark, ms: 200 });
  await until(() => hasRun(cluster, mark, 'begin'));
  const second = await ask(cluster.at('n2', endpoint, token), { mark });
  return { asked: [await first, second] };
};

/** A client has sent its newer token to the other node when the older one ends. */
const refreshing =
  (end: (endpoint: McpEndpoint, older: string) => Promise<Response>): PlantedLoad =>
  async (cluster) => {
    const sub = newMark();
    const older = await signToken({ sub, issuedInMs: -60_000, livesMs: HOUR_MS });
    const newer = await signToken({ sub, livesMs: 2 * HOUR_MS });
    const endpoint = await open(cluster, 'n1', older);
    const at = (name: string): Promise<Asked> => ask(cluster.at(name, endpoint, newer));
    const asked = [await ask(endpoint), await at('n2')];
    await (await end(endpoint, older)).text();
    return { asked: [...asked, await at('n1'), await at('n2')] };
  };
export const expiring = refreshing(async ({ url }, older) => {
  // In a session of its own: the node would read the other one for a call of it.
  const endpoint = await McpEndpoint.open(url, older);
  return endpoint.call('expire', 'tools/call', { name: 'expire', arguments: { inMs: 1.5 * HOUR_MS } });
});
export const revoking = refreshing(({ url }, older) =>
  fetch(`${url}/auth/revoke`, { method: 'POST', headers: { Authorization: `Bearer ${older}` } }),
);

/** Two messages for a stream of the other node, of which that node refuses the second. */
export const crossing: PlantedLoad = async (cluster) => {
  const token = await signToken({ sub: newMark() });
  const [heard, asked] = [[] as Heard[], [] as Asked[]];
  const stream = await RawSession.open(cluster.node('n1').url, token);
  const options = { heard, tool: 'scarce', patienceMs: 500 };
  for (let times = 0; times < 2; times += 1) {
    asked.push(await askOnStream(cluster.node('n2').url, stream, token, options));
  }
  stream.close();
  return { asked, heard };
};

/** A session is used at a node that does not know it while no node reaches Redis. */
export const failing: PlantedLoad = async (cluster, token) => {
  await cluster.steady(token);
  // n2 remembers that the token is not revoked: the outage is first noticed where the session is read.
  await ask(await open(cluster, 'n2', token));
  const endpoint = await open(cluster, 'n1', token);
  const there = cluster.at('n2', endpoint, token);
  for (const name of ['n1', 'n2']) cluster.proxy(name).blackhole();
  const asked = [await ask(there)];
  for (const name of ['n1', 'n2']) cluster.proxy(name).blackhole(false);
  await until(async () => (await ask(there)).status === 200);
  return { asked, isCalm: false };
};

/** What came on streams of `/mcp`, by their number. */
function heardOn(streams: readonly (readonly [McpEndpoint, Listening])[]): Partial<History> {
  const heard = streams.flatMap(([{ sessionId }, { received }], at) =>
    received.map((one): Heard => ({ session: sessionId!, stream: `standalone-${at}`, ...one })),
  );
  return { heard, listening: new Set(streams.map(([{ sessionId }]) => sessionId!)) };
}
