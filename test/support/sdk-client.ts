import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { stdioCommand } from './stdio-process.js';

/** Open clients: one that is not closed would reconnect without end, and Jest would not exit. */
const open = new Set<Client>();
afterAll(() => Promise.all([...open].map((client) => client.close())));

/** A connected client of SDK v1. `fetch` replaces the global one, also for the stream. */
export async function connectSdk(
  url: string,
  token: string,
  fetch: typeof globalThis.fetch = globalThis.fetch,
): Promise<Client> {
  const headers = { Authorization: `Bearer ${token}` };
  const transport = new SSEClientTransport(new URL(`${url}/sse`), {
    requestInit: { headers },
    eventSourceInit: {
      fetch: (input, init) => fetch(input, { ...init, headers: { ...init.headers, ...headers } }),
    },
    fetch,
  });
  const client = new Client({ name: 'e2e-sdk-v1', version: '1.0.0' });
  open.add(client);
  await client.connect(transport);
  return client;
}

/** The same over Streamable HTTP. */
export async function connectSdkOverMcp(
  url: string,
  token: string,
  fetch: typeof globalThis.fetch = globalThis.fetch,
): Promise<Client> {
  const transport = new StreamableHTTPClientTransport(new URL(`${url}/mcp`), {
    requestInit: { headers: { Authorization: `Bearer ${token}` } },
    fetch,
  });
  const client = new Client({ name: 'e2e-sdk-v1', version: '1.0.0' });
  open.add(client);
  await client.connect(transport);
  return client;
}

/** The same over the standard streams of a separate server with the environment `env`. */
export async function connectSdkOverStdio(env: Record<string, string> = {}): Promise<Client> {
  const transport = new StdioClientTransport({ ...stdioCommand(env), stderr: 'ignore' });
  const client = new Client({ name: 'e2e-sdk-v1', version: '1.0.0' });
  open.add(client);
  await client.connect(transport);
  return client;
}

/** The text of a result that is one text block. */
export function textOf(result: unknown): string {
  const { content } = result as { content: { type: string; text: string }[] };
  if (content.length !== 1 || content[0]!.type !== 'text') throw new Error(JSON.stringify(content));
  return content[0]!.text;
}
