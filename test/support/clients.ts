import * as v2 from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { connectSdk, connectSdkOverMcp, connectSdkOverStdio, textOf } from './sdk-client.js';
import { stdioCommand } from './stdio-process.js';

export interface Answer {
  readonly text: string;
  readonly isError: boolean;
}

/** The operations of every MCP client. */
export interface McpClient {
  toolNames(): Promise<string[]>;
  /** Rejects when the tool does not exist. */
  call(tool: string, args?: Record<string, unknown>): Promise<Answer>;
  /** The revision that the client has negotiated, if it reports it. */
  readonly revision?: string | undefined;
  close(): Promise<void>;
}

export interface ClientKind {
  readonly name: string;
  /** The revision that it negotiates with this server, if it reports it. */
  readonly revision?: string;
  readonly connect: (url: string, token: string) => Promise<McpClient>;
}

/** Real clients, over each transport, with the token in the header; over stdio each starts its own server. */
export const CLIENTS: readonly ClientKind[] = [
  { name: 'SDK v1, /sse', connect: async (url, token) => wrap(await connectSdk(url, token)) },
  { name: 'SDK v1, /mcp', connect: async (url, token) => wrap(await connectSdkOverMcp(url, token)) },
  {
    name: 'SDK v2, /sse',
    revision: '2025-11-25',
    connect: async (url, token) => wrap(await connectSdkV2(sseTransport(url, token))),
  },
  {
    name: 'SDK v2, /mcp, with initialize',
    revision: '2025-11-25',
    connect: async (url, token) => wrap(await connectSdkV2(streamableTransport(url, token))),
  },
  {
    name: 'SDK v2, /mcp, asking for the newest revision first',
    revision: '2026-07-28',
    connect: async (url, token) =>
      wrap(await connectSdkV2(streamableTransport(url, token), { mode: 'auto' })),
  },
  {
    name: 'SDK v2, /mcp, pinned to 2026-07-28',
    revision: '2026-07-28',
    connect: async (url, token) =>
      wrap(await connectSdkV2(streamableTransport(url, token), { mode: { pin: '2026-07-28' } })),
  },
];

/** Real clients that start the server themselves. */
export const STDIO_CLIENTS: readonly ClientKind[] = [
  { name: 'SDK v1, stdio', connect: async () => wrap(await connectSdkOverStdio()) },
  {
    name: 'SDK v2, stdio',
    revision: '2025-11-25',
    connect: async () => wrap(await connectSdkV2(stdioTransport())),
  },
  {
    name: 'SDK v2, stdio, asking for the newest revision first',
    revision: '2026-07-28',
    connect: async () => wrap(await connectSdkV2(stdioTransport(), { mode: 'auto' })),
  },
  {
    name: 'SDK v2, stdio, pinned to 2026-07-28',
    revision: '2026-07-28',
    connect: async () => wrap(await connectSdkV2(stdioTransport(), { mode: { pin: '2026-07-28' } })),
  },
];

/** The Inspector's command line, over each transport: a process for each request. */
export const INSPECTORS: readonly ClientKind[] = [
  {
    name: 'Inspector CLI, /sse',
    connect: async (url, token) => new Inspector([`${url}/sse`, '--transport', 'sse', ...bearer(token)]),
  },
  {
    name: 'Inspector CLI, /mcp',
    connect: async (url, token) => new Inspector([`${url}/mcp`, '--transport', 'http', ...bearer(token)]),
  },
  {
    name: 'Inspector CLI, stdio',
    connect: async () => {
      const { command, args, env } = stdioCommand();
      const variables = Object.entries(env).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
      return new Inspector([command, ...args, '--transport', 'stdio', ...variables]);
    },
  },
];

interface SdkClient {
  listTools(): Promise<{ tools: { name: string }[] }>;
  callTool(params: { name: string; arguments?: Record<string, unknown> }): Promise<unknown>;
  getNegotiatedProtocolVersion?(): string | undefined;
  close(): Promise<void>;
}

function wrap(client: SdkClient): McpClient {
  return {
    toolNames: async () => (await client.listTools()).tools.map(({ name }) => name),
    call: async (name, args) => answerIn(await client.callTool({ name, arguments: args })),
    revision: client.getNegotiatedProtocolVersion?.(),
    close: () => client.close(),
  };
}

/** Open clients: one that is not closed would reconnect without end, and Jest would not exit. */
const open = new Set<v2.Client>();
afterAll(() => Promise.all([...open].map((client) => client.close())));

type V2Transport = Parameters<v2.Client['connect']>[0];

export function sseTransport(url: string, token: string): V2Transport {
  const headers = { Authorization: `Bearer ${token}` };
  return new v2.SSEClientTransport(new URL(`${url}/sse`), {
    requestInit: { headers },
    eventSourceInit: {
      fetch: (input, init) => fetch(input, { ...init, headers: { ...init.headers, ...headers } }),
    },
  });
}

export function streamableTransport(url: string, token: string): V2Transport {
  return new v2.StreamableHTTPClientTransport(new URL(`${url}/mcp`), {
    requestInit: { headers: { Authorization: `Bearer ${token}` } },
  });
}

function stdioTransport(): V2Transport {
  return new StdioClientTransport({ ...stdioCommand(), stderr: 'ignore' });
}

export async function connectSdkV2(
  transport: V2Transport,
  versionNegotiation: v2.VersionNegotiationOptions = { mode: 'legacy' },
): Promise<v2.Client> {
  const client = new v2.Client({ name: 'e2e-sdk-v2', version: '1.0.0' }, { versionNegotiation });
  open.add(client);
  await client.connect(transport);
  return client;
}

const INSPECTOR = resolve('node_modules/@modelcontextprotocol/inspector/package.json');
/** With `--format json`: the tool answered, with `isError`. */
const TOOL_ERROR = 5;

/** Starts one process for each request, as a user of the command line does. */
class Inspector implements McpClient {
  private readonly home = mkdtempSync(join(tmpdir(), 'mcp-inspector-'));

  /** `target`: the address or the command of the server, and its transport. */
  constructor(private readonly target: readonly string[]) {}

  async toolNames(): Promise<string[]> {
    const { tools } = (await this.run('--method', 'tools/list')) as { tools: { name: string }[] };
    return tools.map(({ name }) => name);
  }

  async call(tool: string, args: Record<string, unknown> = {}): Promise<Answer> {
    const given = ['--tool-name', tool, '--tool-args-json', JSON.stringify(args)];
    return answerIn(await this.run('--method', 'tools/call', ...given));
  }

  async close(): Promise<void> {}

  private run(...args: string[]): Promise<unknown> {
    const bin = (JSON.parse(readFileSync(INSPECTOR, 'utf8')) as { bin: Record<string, string> }).bin;
    // A busy machine is slow.
    const output = ['--format', 'json', '--quiet', '--connect-timeout', '100000'];
    return new Promise((done, fail) => {
      execFile(
        process.execPath,
        [join(dirname(INSPECTOR), bin['mcp-inspector']!), '--cli', ...this.target, ...output, ...args],
        { env: { PATH: process.env['PATH'], HOME: this.home }, maxBuffer: 2 ** 24 },
        (error, stdout, stderr) => {
          if (error !== null && error.code !== TOOL_ERROR)
            fail(new Error(`inspector: ${error.code} ${stderr}`));
          else if (stdout === '') fail(new Error(stderr));
          else done((JSON.parse(stdout) as { result: unknown }).result);
        },
      );
    });
  }
}

function bearer(token: string): string[] {
  return ['--header', `Authorization: Bearer ${token}`];
}

function answerIn(result: unknown): Answer {
  return { text: textOf(result), isError: (result as { isError?: boolean }).isError === true };
}
