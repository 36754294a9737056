/** A server in a separate process, in its production configuration, with a valid token. */
import { randomBytes, randomUUID } from 'node:crypto';
import { closeSync, openSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { SignJWT } from 'jose';
import { Child } from './child.ts';
import { SERVER_CORE } from './cores.ts';
import type { Target } from './raw-http.ts';

/** A program, its arguments, and variables that extend or replace those of every run. */
export interface Program {
  readonly file: URL;
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

interface ServerOptions {
  readonly cores?: string | undefined;
  /**
   * Without it the process runs as in production: no module is preloaded, and it answers no requests of the benchmark.
   */
  readonly probe?: boolean;
}

/**
 * The settings of `npm run start:prod`: log, records and limits on. The generator is one user: the limiter checks its
 * calls, but the limit is never reached.
 */
export const AS_IT_SHIPS: NodeJS.ProcessEnv = {
  LOG_LEVEL: 'info',
  AUDIT_LOG: 'stdout',
  RATE_LIMIT: '1000000/1s',
  RATE_LIMIT_IP: '60/1m',
};

const SECRET = randomBytes(48).toString('base64');
/** For all servers of the benchmark, as in `npm run start:prod`. */
const V8_OPTIONS = ['--min-semi-space-size=16', '--max-semi-space-size=16'];
// V8 discards code that has not run for some collections: megabytes at once, in an arbitrary cycle.
const PROBE = ['--expose-gc', '--no-flush-bytecode', '--import', new URL('probe.ts', import.meta.url).href];
const GIVE_UP_MS = 15_000;
const POLL_MS = 2;

export class ServerProcess {
  readonly target: Target;
  /** Milliseconds from its start to its first answer. */
  readonly startUpMs: number;
  private readonly child: Child;
  private readonly url: string;

  private constructor(child: Child, target: Target, url: string, startUpMs: number) {
    this.child = child;
    this.target = target;
    this.url = url;
    this.startUpMs = startUpMs;
  }

  static async start({ file, args = [], env }: Program, options: ServerOptions = {}): Promise<ServerProcess> {
    const { cores = SERVER_CORE, probe = true } = options;
    const port = await freePort();
    const url = env?.['PUBLIC_URL'] ?? `http://127.0.0.1:${port}`;
    const token = await tokenFor(url, 'bench');
    const log = unnamedFile();
    const startedAt = performance.now();
    const child = new Child({
      args: [...V8_OPTIONS, ...(probe ? PROBE : []), fileURLToPath(file), ...args],
      env: { ...productionEnvironment(port, url), ...env },
      cores,
      stdout: log,
      ipc: probe,
    });
    closeSync(log);
    while (!(await answers(port))) {
      if (child.ended) throw new Error(`${file.pathname} did not start`);
      if (performance.now() - startedAt > GIVE_UP_MS) throw new Error(`${file.pathname} does not answer`);
      await pause(POLL_MS);
    }
    return new ServerProcess(
      child,
      { port, host: new URL(url).host, token },
      url,
      performance.now() - startedAt,
    );
  }

  /** The same server for another user than that of {@link target}. */
  async targetFor(subject: string): Promise<Target> {
    return { ...this.target, token: await tokenFor(this.url, subject) };
  }

  /** Microseconds of CPU since it began. */
  cpu(): Promise<number> {
    return this.child.ask<number>('cpu');
  }

  /** Bytes of live heap, after garbage collection. */
  heap(): Promise<number> {
    return this.child.ask<number>('heap');
  }

  /** Bytes of the process in memory, after garbage collection. */
  resident(): Promise<number> {
    return this.child.ask<number>('resident');
  }

  /** 99th percentile of the delay of its event loop since the last request; milliseconds. */
  loopDelay(): Promise<number> {
    return this.child.ask<number>('loopDelay');
  }

  /** The functions that `work` calls in it: their names, by the address of their file. */
  async calledBy(work: () => Promise<void>): Promise<Readonly<Record<string, readonly string[]>>> {
    await this.child.ask('countCalls');
    await work();
    return this.child.ask('calledSince');
  }

  stop(): Promise<void> {
    return this.child.stop();
  }
}

/** Optional features are off. The generator is one user, from one address. */
function productionEnvironment(port: number, url: string): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    NODE_ENV: 'production',
    HOST: '127.0.0.1',
    PORT: String(port),
    PUBLIC_URL: url,
    JWT_SECRET: SECRET,
    LOG_LEVEL: 'warn',
    LOG_FORMAT: 'json',
    SESSIONS_PER_PRINCIPAL: '100000',
    // All clients of a benchmark have one address.
    CONNECTIONS: '100000',
    CONNECTIONS_PER_ADDRESS: '100000',
    AUDIT_LOG: 'off',
    RATE_LIMIT: 'off',
    RATE_LIMIT_IP: 'off',
    SHUTDOWN_GRACE: '1s',
  };
}

function tokenFor(url: string, subject: string): Promise<string> {
  return new SignJWT({ scope: 'mcp:access' })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuer(url)
    .setAudience(url)
    .setSubject(subject)
    .setJti(randomUUID())
    .setIssuedAt()
    .setExpirationTime('2h')
    .sign(Buffer.from(SECRET));
}

/** A file for the log, whose writing is part of a server's cost. It is deleted with the process. */
function unnamedFile(): number {
  const path = join(tmpdir(), `bench-${randomUUID()}.log`);
  const descriptor = openSync(path, 'w', 0o600);
  rmSync(path);
  return descriptor;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}

function answers(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  get({ host: '127.0.0.1', port, path: '/health/live', agent: false }, (response) => {
    response.resume();
    resolve(response.statusCode === 200);
  }).on('error', () => resolve(false));
  return promise;
}
