import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundled, preloading } from './built.js';
import { withFourTools } from './extra-tool.js';
import { until } from './until.js';

/** The command with which a host starts the server: in an empty folder, with only `env`. */
export function stdioCommand(env: Record<string, string> = {}) {
  return {
    command: process.execPath,
    args: [bundled('stdio.js')],
    cwd: mkdtempSync(join(tmpdir(), 'mcp-host-')),
    env: withFourTools(env),
  };
}

/** Environment of a server with the tools of `stdio-tools.preload.ts`. */
export function withStdioTools(env: Record<string, string> = {}): Record<string, string> {
  return { NODE_OPTIONS: preloading('stdio-tools'), ...env };
}

/** `_meta` of a request of 2026-07-28. */
export const MODERN = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
};

export interface Message {
  readonly id?: string | number | null;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}

/** Processes that a failed test may have left running. */
const children = new Set<ChildProcessWithoutNullStreams>();
afterAll(() => children.forEach((child) => child.kill('SIGKILL')));

/** The built stdio server, driven by hand, for messages that real clients do not send. */
export class StdioProcess {
  readonly child: ChildProcessWithoutNullStreams;
  /** The whole text of standard output, and of standard error. */
  out = '';
  log = '';
  /** The complete lines of standard output. */
  readonly lines: string[] = [];
  private readonly parsed: Message[] = [];
  private rest = '';
  /** Its exit code, or the signal that ended it. */
  readonly exited: Promise<number | string | null>;

  constructor(env: Record<string, string> = {}, { reads = true }: { reads?: boolean } = {}) {
    const { command, args, cwd, env: given } = stdioCommand(env);
    this.child = spawn(command, args, { cwd, env: { PATH: process.env['PATH'], ...given } });
    children.add(this.child);
    if (reads) this.read();
    this.child.stderr.setEncoding('utf8').on('data', (chunk: string) => (this.log += chunk));
    this.child.stdin.on('error', () => undefined);
    this.exited = new Promise((done) => this.child.once('close', (code, signal) => done(code ?? signal)));
  }

  /** A server that a client of `protocolVersion` has been initialized with. */
  static async initialized(protocolVersion: string, env: Record<string, string> = {}): Promise<StdioProcess> {
    const server = new StdioProcess(env);
    const clientInfo = { name: 'e2e', version: '1' };
    server.request('init', 'initialize', { protocolVersion, capabilities: {}, clientInfo });
    const { result } = await server.reply('init');
    if (result?.['protocolVersion'] !== protocolVersion) throw new Error(JSON.stringify(result));
    server.send({ jsonrpc: '2.0', method: 'notifications/initialized' });
    return server;
  }

  read(): void {
    this.child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      this.out += chunk;
      const lines = (this.rest + chunk).split('\n');
      this.rest = lines.pop()!;
      this.lines.push(...lines);
    });
  }

  /** The parsed lines; throws if one is not JSON. Each line is parsed once, since tests poll. */
  get messages(): readonly Message[] {
    for (const line of this.lines.slice(this.parsed.length)) this.parsed.push(JSON.parse(line) as Message);
    return this.parsed;
  }

  send(message: object | string | Buffer): void {
    const isText = typeof message === 'string' || Buffer.isBuffer(message);
    this.child.stdin.write(isText ? message : `${JSON.stringify(message)}\n`);
  }

  request(id: string | number, method: string, params: object = {}): void {
    this.send({ jsonrpc: '2.0', id, method, params });
  }

  call(id: string | number, name: string, args: object = {}, meta: object = {}): void {
    this.request(id, 'tools/call', { name, arguments: args, _meta: meta });
  }

  cancel(requestId: string | number): void {
    this.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId } });
  }

  /** Waits for the reply to a request. */
  async reply(id: string | number): Promise<Message> {
    const find = (): Message | undefined =>
      this.messages.find((message) => message.id === id && message.method === undefined);
    await this.until(() => find() !== undefined);
    return find()!;
  }

  async until(met: () => boolean): Promise<void> {
    await until(met).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${this.out}\n${this.log}`);
    });
  }

  /** Closes standard input, as a host does. */
  end(): Promise<number | string | null> {
    this.child.stdin.end();
    return this.exited;
  }
}
