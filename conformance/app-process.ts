import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const START_MS = 20_000;
const STOP_MS = 5_000;

/** The application under test, in a separate process. */
export class AppProcess {
  readonly url: string;
  private readonly child: ChildProcess;
  private readonly folder: string;

  private constructor(child: ChildProcess, folder: string, url: string) {
    this.child = child;
    this.folder = folder;
    this.url = url;
  }

  /** Starts it, writing its log to the file, and waits until it listens. */
  static async start(logFile: string): Promise<AppProcess> {
    const folder = mkdtempSync(join(tmpdir(), 'mcp-conformance-app-'));
    const log = openSync(logFile, 'w');
    const child = spawn(
      process.execPath,
      ['--import', new URL('app/source.hooks.ts', import.meta.url).href, pathOf('app/main.ts')],
      {
        cwd: folder,
        env: {
          PATH: process.env['PATH'],
          NODE_ENV: 'development',
          LOG_FORMAT: 'json',
          JWT_SECRET: randomBytes(48).toString('base64'),
          SHUTDOWN_GRACE: '1s',
        },
        stdio: ['ignore', log, log, 'ipc'],
      },
    );
    closeSync(log);
    const port = await Promise.race([listening(child), failing(child, logFile)]).catch((error: unknown) => {
      child.kill('SIGKILL');
      rmSync(folder, { recursive: true });
      throw error;
    });
    return new AppProcess(child, folder, `http://127.0.0.1:${port}`);
  }

  get ended(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** A token from the development route. */
  async token(): Promise<string> {
    const response = await fetch(`${this.url}/auth/token?username=conformance`);
    if (!response.ok) throw new Error(`no token: ${response.status}`);
    return ((await response.json()) as { token: string }).token;
  }

  async stop(): Promise<void> {
    if (!this.ended) {
      const exit = once(this.child, 'exit');
      this.child.kill('SIGTERM');
      const cut = setTimeout(() => this.child.kill('SIGKILL'), STOP_MS);
      await exit;
      clearTimeout(cut);
    }
    rmSync(this.folder, { recursive: true });
  }
}

function pathOf(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url));
}

async function listening(child: ChildProcess): Promise<number> {
  const [address] = (await once(child, 'message', { signal: AbortSignal.timeout(START_MS) })) as [
    AddressInfo,
  ];
  return address.port;
}

async function failing(child: ChildProcess, logFile: string): Promise<never> {
  const [code] = (await once(child, 'exit')) as [number | null];
  throw new Error(`the application ended with ${code ?? 'a signal'} before it listened: see ${logFile}`);
}
