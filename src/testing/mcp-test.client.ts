import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ResultSchema } from '@modelcontextprotocol/sdk/types.js';
import type { CallToolResult, GetPromptResult } from '../mcp/index.js';

/** A revision of MCP, over the transport that it introduced. */
export type Era = '2024-11-05' | '2025-11-25' | '2026-07-28';

/** All eras, oldest first. */
export const ERAS: readonly Era[] = ['2024-11-05', '2025-11-25', '2026-07-28'];

type Params = Readonly<Record<string, unknown>>;

/** A request failed with a JSON-RPC error, or with an HTTP error without one (`code` is then the status). */
export class McpRequestError extends Error {
  override readonly name = 'McpRequestError';

  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}

/** Sends one request of an era and resolves with its `result`. */
interface Connection {
  request(method: string, params: Params): Promise<Params>;
  close(): Promise<void>;
}

/** A client over HTTP. Its requests reject with {@link McpRequestError}, or with the SDK's error of the same code. */
export class McpTestClient {
  private constructor(
    readonly era: Era,
    private readonly connection: Connection,
  ) {}

  /** `url`: base URL of the server's routes. */
  static async connect(era: Era, url: string, token: string): Promise<McpTestClient> {
    const connection = era === '2026-07-28' ? new Stateless(url, token) : await overSdk(era, url, token);
    return new McpTestClient(era, connection);
  }

  async listTools(): Promise<readonly { readonly name: string; readonly [member: string]: unknown }[]> {
    const { tools } = await this.request('tools/list');
    return tools as readonly { readonly name: string }[];
  }

  async callTool(name: string, args: Params = {}): Promise<CallToolResult> {
    return (await this.request('tools/call', { name, arguments: args })) as unknown as CallToolResult;
  }

  async readResource(uri: string): Promise<readonly Params[]> {
    const { contents } = await this.request('resources/read', { uri });
    return contents as readonly Params[];
  }

  async getPrompt(name: string, args: Readonly<Record<string, string>> = {}): Promise<GetPromptResult> {
    return (await this.request('prompts/get', { name, arguments: args })) as unknown as GetPromptResult;
  }

  /** Any request; resolves with its `result`. */
  request(method: string, params: Params = {}): Promise<Params> {
    return this.connection.request(method, params);
  }

  async close(): Promise<void> {
    await this.connection.close();
  }
}

async function overSdk(era: Era, url: string, token: string): Promise<Connection> {
  const client = new Client({ name: 'mcp-test', version: '1.0.0' });
  const requestInit = { headers: { Authorization: `Bearer ${token}` } };
  const transport =
    era === '2024-11-05'
      ? new SSEClientTransport(new URL(`${url}/sse`), { requestInit })
      : new StreamableHTTPClientTransport(new URL(`${url}/mcp`), { requestInit });
  await client.connect(transport);
  return {
    request: (method, params) => client.request({ method, params }, ResultSchema),
    close: () => client.close(),
  };
}

/** Each request contains the information that `initialize` had in earlier revisions. MCP 2026-07-28, Overview. */
class Stateless implements Connection {
  private requests = 0;

  constructor(
    private readonly url: string,
    private readonly token: string,
  ) {}

  async request(method: string, params: Params): Promise<Params> {
    const response = await fetch(`${this.url}/mcp`, {
      method: 'POST',
      headers: { ...this.headers(method, params), Authorization: `Bearer ${this.token}` },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: (this.requests += 1),
        method,
        params: { ...params, _meta: ENVELOPE },
      }),
    });
    const text = await response.text();
    const reply = (response.headers.get('content-type') ?? '').startsWith('text/event-stream')
      ? lastEventOf(text)
      : text;
    return resultOf(reply, response.status);
  }

  async close(): Promise<void> {
    return Promise.resolve();
  }

  private headers(method: string, { name, uri }: Params): Record<string, string> {
    const target = name ?? uri;
    return {
      Accept: 'application/json, text/event-stream',
      'Content-Type': 'application/json',
      'Mcp-Protocol-Version': '2026-07-28',
      'Mcp-Method': method,
      ...(typeof target === 'string' ? { 'Mcp-Name': target } : {}),
    };
  }
}

const ENVELOPE = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'mcp-test', version: '1.0.0' },
  'io.modelcontextprotocol/clientCapabilities': {},
};

function lastEventOf(stream: string): string {
  return stream.slice(stream.lastIndexOf('data: ') + 'data: '.length);
}

function resultOf(text: string, status: number): Params {
  let reply: { readonly result?: Params; readonly error?: unknown };
  try {
    reply = JSON.parse(text) as typeof reply;
  } catch {
    throw new McpRequestError(status, text);
  }
  if (reply.result !== undefined) return reply.result;
  const error = reply.error as { readonly code?: unknown; readonly message?: unknown } | undefined;
  if (typeof error?.code === 'number') throw new McpRequestError(error.code, String(error.message));
  throw new McpRequestError(status, text);
}
