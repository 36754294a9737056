import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { freePort } from '../../src/backplane/fixtures/free-port.fixture.js';
import { journal } from '../canary/journal.js';
import { bundled } from './built.js';
import { withFourTools } from './extra-tool.js';
import { until } from './until.js';

const MAIN = bundled('main.js');

export type LogLine = Readonly<Record<string, unknown>>;

/** Processes that a failed test may have left running. */
const children = new Set<ChildProcess>();
afterAll(() => children.forEach((child) => child.kill('SIGKILL')));

/** The server in a separate process, bundled as in the container image. */
export class ServerProcess {
  /** The whole output so far, of both streams. */
  output = '';
  /** The lines of JSON that it has written, in each stream's order. */
  readonly logs: LogLine[] = [];
  /** Its exit code, or the signal that ended it. */
  readonly exited: Promise<number | string | null>;

  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
  ) {
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => (this.output += chunk));
      // Splits the output into lines, since it arrives in pieces.
      createInterface(stream).on('line', (line) => {
        journal('process', `${line}\n`);
        if (line.startsWith('{')) this.logs.push(JSON.parse(line) as LogLine);
      });
    }
    this.exited = new Promise((done) => child.once('close', (code, signal) => done(code ?? signal)));
  }

  /**
   * Starts it with only `env`, in a folder that contains only `dotEnv` as its `.env`, and does not wait. `main`:
   * another file, without preloads.
   */
  static async spawn(env: Record<string, string>, dotEnv?: string, main = MAIN): Promise<ServerProcess> {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const directory = mkdtempSync(join(tmpdir(), 'mcp-server-'));
    if (dotEnv !== undefined) writeFileSync(join(directory, '.env'), dotEnv);
    const given = main === MAIN ? withFourTools(env) : env;
    const child = spawn(process.execPath, [main], {
      cwd: directory,
      env: { PATH: process.env['PATH'], PORT: String(port), LOG_FORMAT: 'json', ...given },
    });
    children.add(child);
    child.once('exit', () => journalSecret(directory));
    return new ServerProcess(child, url);
  }

  /** Starts it, and waits until it listens. */
  static async start(
    env: Record<string, string> = { NODE_ENV: 'development' },
    dotEnv?: string,
    main?: string,
  ): Promise<ServerProcess> {
    const server = await ServerProcess.spawn(env, dotEnv, main);
    await server.until(() => server.events('server.started').length > 0);
    return server;
  }

  /** Resident memory of the process, in MiB. */
  get residentMiB(): number {
    return this.mibOf('VmRSS');
  }

  /** The most that it has been since {@link forgetPeak}. */
  get peakMiB(): number {
    return this.mibOf('VmHWM');
  }

  forgetPeak(): void {
    // Linux: sets VmHWM to VmRSS.
    writeFileSync(`/proc/${this.child.pid}/clear_refs`, '5');
  }

  private mibOf(field: string): number {
    const status = readFileSync(`/proc/${this.child.pid}/status`, 'utf8');
    return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) / 1024;
  }

  events(event: string): LogLine[] {
    return this.logs.filter((line) => line['event'] === event);
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** Waits until `met` holds; rejects with the output of the server, at once if it has exited. */
  async until(met: () => boolean): Promise<void> {
    await until(() => met() || this.child.exitCode !== null);
    if (!met()) throw new Error(`it did not happen:\n${this.output}`);
  }

  async stop(): Promise<number | string | null> {
    if (this.child.exitCode === null) this.signal('SIGTERM');
    return this.exited;
  }
}

/** The secret that the process has generated, if it got none. */
function journalSecret(directory: string): void {
  const file = join(directory, '.dev-jwt-secret');
  if (existsSync(file)) journal('secret', `${readFileSync(file, 'utf8').trim()}\n`);
}
