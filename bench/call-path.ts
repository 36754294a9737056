/**
 * `node bench/call-path.ts [--list] [--dist <folder>]`: counts the server's own files and functions that one call of
 * `echo` enters, in each era, with a known token, limits and audit on. V8 counts them (precise coverage). `--list`
 * prints their names.
 */
import { parseArgs } from 'node:util';
import { pathToFileURL } from 'node:url';
import type { BenchClient } from './bench-client.ts';
import { SessionClient, StatelessClient } from './mcp-endpoint.ts';
import { McpSession } from './mcp-session.ts';
import { PostConnection, type Target } from './raw-http.ts';
import { AS_IT_SHIPS, ServerProcess } from './server-process.ts';

const WARM_UP_CALLS = 100;

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
    const called = Object.entries(await server.calledBy(() => client.echo())).filter(([url]) =>
      url.startsWith(dist),
    );
    if (called.length < 2) throw new Error(`${values.dist} is bundled: run npx nest build`);
    const functions = called.flatMap(([, names]) => names);
    console.log(`${name}: ${called.length} files, ${functions.length} functions`);
    if (values.list)
      for (const [url, names] of called) console.log(`  ${url.slice(dist.length)}: ${names.join(', ')}`);
    client.close();
    posts.close();
  }
} finally {
  await server.stop();
}
