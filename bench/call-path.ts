/**
 * `node bench/call-path.ts [--list] [--dist <folder>]`: counts the server's own files and functions that one call of
 * `echo` enters, in each era, with a known token, limits and audit on. V8 counts them (precise coverage). What only some
 * of the measured calls enter belongs to a timer, and is not counted. `--list` prints the names.
 */
import { parseArgs } from 'node:util';
import { pathToFileURL } from 'node:url';
import type { BenchClient } from './bench-client.ts';
import { SessionClient, StatelessClient } from './mcp-endpoint.ts';
import { McpSession } from './mcp-session.ts';
import { PostConnection, type Target } from './raw-http.ts';
import { AS_IT_SHIPS, ServerProcess } from './server-process.ts';

const WARM_UP_CALLS = 100;
const MEASURED_CALLS = 5;

const CLIENTS: Readonly<Record<string, (target: Target, posts: PostConnection) => Promise<BenchClient>>> = {
  'SSE call': (target, posts) => McpSession.open(target, posts),
  'session call': (_target, posts) => SessionClient.open(posts, 'path'),
  'stateless call': async (_target, posts) => new StatelessClient(posts, 'path'),
};

const { values } = parseArgs({
  options: { list: { type: 'boolean', default: false }, dist: { type: 'string', default: 'dist' } },
});
const dist = `${pathToFileURL(values.dist).href}/`;

const server = await ServerProcess.start({ file: new URL('main.js', dist), env: AS_IT_SHIPS });
try {
  for (const [name, open] of Object.entries(CLIENTS)) {
    const posts = new PostConnection(server.target);
    const client = await open(server.target, posts);
    for (let call = 0; call < WARM_UP_CALLS; call += 1) await client.echo();
    let called = await ownCalls(client);
    for (let call = 1; call < MEASURED_CALLS; call += 1) called = inBoth(called, await ownCalls(client));
    if (called.size < 2) throw new Error(`${values.dist} is bundled: run npx nest build`);
    const functions = [...called.values()].flat();
    console.log(`${name}: ${called.size} files, ${functions.length} functions`);
    if (values.list)
      for (const [url, names] of called) console.log(`  ${url.slice(dist.length)}: ${names.join(', ')}`);
    client.close();
    posts.close();
  }
} finally {
  await server.stop();
}

type Called = ReadonlyMap<string, readonly string[]>;

/** The server's own functions that one call enters, by file. */
async function ownCalls(client: BenchClient): Promise<Called> {
  const called = await server.calledBy(() => client.echo());
  return new Map(Object.entries(called).filter(([url]) => url.startsWith(dist)));
}

/** Several functions of a file may have the same name: the smaller number of them counts. */
function inBoth(one: Called, other: Called): Called {
  const both = new Map<string, readonly string[]>();
  for (const [url, names] of one) {
    const left = [...(other.get(url) ?? [])];
    const kept = names.filter((name) => {
      const at = left.indexOf(name);
      if (at !== -1) left.splice(at, 1);
      return at !== -1;
    });
    if (kept.length > 0) both.set(url, kept);
  }
  return both;
}
