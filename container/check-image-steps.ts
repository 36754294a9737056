import { strict as assert } from 'node:assert';
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, lstatSync, mkdirSync, mkdtempSync } from 'node:fs';
import { readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { parseDockerignore } from './dockerignore.ts';
import { type Image, ImageBuilder } from './image-builder.ts';

// Takes the Dockerfile's steps in an empty folder, without a container engine, and then uses the result the
// way an engine and a client would:  npx node container/check-image-steps.ts [Dockerfile]
//
// What it can't tell: whether the base image exists, and what the kernel of a container forbids.

const CONTEXT = resolve(import.meta.dirname, '..');
const SECRETS_AND_BALLAST = [
  '.env',
  '.env.local',
  '.dev-jwt-secret',
  'src/.env',
  '.git/config',
  'coverage/a',
];
const NOT_IN_IMAGE = [
  'node_modules/node',
  'node_modules/typescript',
  'node_modules/jest',
  'src',
  'test',
  '.npmrc',
];
const NETWORK = [
  'HOME',
  'NODE_EXTRA_CA_CERTS',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
];
const STOP_MS = 10_000;

interface Manifest {
  readonly devDependencies: { readonly node: string };
}

const scratch = mkdtempSync(join(tmpdir(), 'image-steps-'));
chmodSync(scratch, 0o755);
try {
  checkDockerignore();
  const toolchain = makeToolchain();
  const builder = new ImageBuilder(CONTEXT, scratch, toolchain);
  const image = builder.build(resolve(process.argv[2] ?? join(CONTEXT, 'Dockerfile')));
  checkImage(image);
  await checkRunning(image, toolchain.PATH);
  console.log('\nThe image can be built from these steps, and what comes out works.');
} finally {
  setWritable(scratch, true);
  rmSync(scratch, { recursive: true, force: true });
}

function checkDockerignore(): void {
  const isIgnored = parseDockerignore(readFileSync(join(CONTEXT, '.dockerignore'), 'utf8'));
  for (const path of [
    ...SECRETS_AND_BALLAST,
    'node_modules/a/b.js',
    'dist/main.js',
    'test/a.ts',
    'src/a.spec.ts',
  ]) {
    assert.ok(isIgnored(path), `.dockerignore must keep ${path} out`);
  }
  assert.ok(!isIgnored('src/main.ts'), '.dockerignore must let src/ in');
}

/** What the base image brings, node and npm, and none of this checkout's own node_modules/.bin. */
function makeToolchain(): Record<string, string | undefined> & { PATH: string } {
  const bin = join(scratch, 'bin');
  const node = join(bin, 'node');
  mkdirSync(bin);
  copyFileSync(process.execPath, node);
  const npm = (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'npm'))
    .find((file) => existsSync(file) && realpathSync(file).endsWith('npm-cli.js'));
  assert.ok(npm, 'there is no npm on the PATH');
  writeFileSync(join(bin, 'npm'), `#!/bin/sh\nexec "${node}" "${realpathSync(npm)}" "$@"\n`, { mode: 0o755 });
  const network = Object.fromEntries(NETWORK.map((name) => [name, process.env[name]]));
  return { ...network, PATH: [bin, '/usr/bin', '/bin'].join(delimiter) };
}

function checkImage({ base, root, workdir, env, user, stopSignal, entrypoint, healthcheck }: Image): void {
  const manifest = JSON.parse(readFileSync(join(CONTEXT, 'package.json'), 'utf8')) as Manifest;
  const minor = manifest.devDependencies.node.split('.').slice(0, 2).join('.');
  assert.ok(
    base.startsWith(`node:${minor}-`) && base.endsWith('slim'),
    `${base} is not the slim image of ${minor}`,
  );
  assert.ok(process.version.startsWith(`v${minor}.`), `run this with node ${minor}, not ${process.version}`);
  assert.match(user, /^[1-9]\d*(:[1-9]\d*)?$/, 'USER must be a number that is not 0');
  assert.equal(stopSignal, 'SIGTERM');
  assert.equal(env['NODE_ENV'], 'production');
  assert.deepEqual(entrypoint, [], 'the base image has an entrypoint, which must be reset');
  assert.ok(healthcheck, 'there is no HEALTHCHECK');
  for (const path of [...NOT_IN_IMAGE, ...SECRETS_AND_BALLAST]) {
    assert.ok(!existsSync(join(root, workdir, path)), `${path} must not be in the image`);
  }
  assert.ok(existsSync(join(root, workdir, 'package.json')), 'package.json must stand beside dist');
}

async function checkRunning(image: Image, path: string): Promise<void> {
  const port = await freePort();
  const cwd = join(image.root, image.workdir);
  const url = `http://localhost:${port}`;
  const settings = { PORT: String(port), PUBLIC_URL: url, JWT_SECRET: 'P3kq8VhZc5mJrY1tWnXe7uBs0dGfLa2o' };
  const [uid, gid = uid] = image.user.split(':').map(Number);
  const identity = process.getuid?.() === 0 ? { uid, gid } : {};
  const options = { cwd, env: { PATH: path, ...image.env, ...settings }, ...identity };
  const execute = ([program = '', ...args]: readonly string[], env = {}): string =>
    execFileSync(program, args, { ...options, env: { ...options.env, ...env }, stdio: 'pipe' })
      .toString()
      .trim();

  setWritable(image.root, false);
  const before = listing(image.root);
  const [program = '', ...args] = [...(image.entrypoint ?? []), ...image.command];
  const server = spawn(program, args, { ...options, stdio: ['ignore', 'inherit', 'inherit'] });
  const exited = new Promise<number | string | null>((done) =>
    server.once('exit', (code, signal) => done(code ?? signal)),
  );
  try {
    const healthcheck = image.healthcheck ?? [];
    assert.throws(() => execute(healthcheck, { PORT: '1' }), 'HEALTHCHECK passes where nothing listens');
    await until(() => execute(healthcheck), exited);
    console.log('ok: HEALTHCHECK');
    assert.equal(
      (await fetch(`${url}/auth/token?username=alice`)).status,
      404,
      'development tokens in production',
    );
    assert.equal((await fetch(`${url}/sse`)).status, 401, 'a stream without a token');
    const client = await connect(url, execute(['node', 'dist/auth/tokens/token.cli.js', '--sub', 'alice']));
    const { content } = await client.callTool({ name: 'test' });
    assert.deepEqual(content, [{ type: 'text', text: 'Security check successful' }]);
    console.log('ok: a token from the command line, and a call on /sse');
    server.kill('SIGTERM');
    assert.equal(await Promise.race([exited, sleep(STOP_MS, 'still running')]), 0, 'exit code after SIGTERM');
    await client.close();
    console.log('ok: ends with 0 on SIGTERM, a stream open');
    assert.deepEqual(listing(image.root), before, 'the server wrote into its image');
  } finally {
    server.kill('SIGKILL');
  }
}

async function connect(url: string, token: string): Promise<Client> {
  const client = new Client({ name: 'image-check', version: '1.0.0' });
  const headers = { Authorization: `Bearer ${token}` };
  await client.connect(new SSEClientTransport(new URL(`${url}/sse`), { requestInit: { headers } }));
  return client;
}

async function until(attempt: () => unknown, exited: Promise<unknown>): Promise<void> {
  for (const deadline = Date.now() + 15_000; ;) {
    try {
      attempt();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
    const code = await Promise.race([exited, sleep(200, 'running')]);
    assert.equal(code, 'running', `the server ended with ${String(code)}`);
  }
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise((listening) => probe.listen(0, '127.0.0.1', () => listening(undefined)));
  const address = probe.address();
  assert.ok(address !== null && typeof address === 'object');
  await new Promise((closed) => probe.close(closed));
  return address.port;
}

function listing(folder: string): string[] {
  return readdirSync(folder, { recursive: true })
    .map(String)
    .toSorted()
    .map((path) => `${path} ${lstatSync(join(folder, path)).mtimeMs}`);
}

function setWritable(folder: string, writable: boolean): void {
  execFileSync('chmod', ['-R', writable ? 'u+w' : 'a-w', folder]);
}
