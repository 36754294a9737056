import * as v2 from '@modelcontextprotocol/client';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { sseTransport, streamableTransport } from './clients.js';

/** The answers of the user and of the model of a client. Each may throw. */
export interface Answers {
  readonly elicit?: (params: Record<string, unknown>) => Record<string, unknown>;
  readonly sample?: (params: Record<string, unknown>) => Record<string, unknown>;
  readonly roots?: () => { uri: string; name?: string }[];
}

export interface AskedClient {
  callTool(params: { name: string; arguments?: Record<string, unknown> }): Promise<unknown>;
  close(): Promise<void>;
}

export interface AskedClientKind {
  readonly name: string;
  readonly connect: (url: string, token: string, answers: Answers) => Promise<AskedClient>;
}

const CAPABILITIES = { elicitation: { form: {}, url: {} }, sampling: {}, roots: {} };
const NONE = {};

const open = new Set<AskedClient>();
afterAll(() => Promise.all([...open].map((client) => client.close())));

/** Real clients that answer input requests, for each form in which the server sends them. */
export const ASKED_CLIENTS: readonly AskedClientKind[] = [
  { name: 'SDK v1, /sse', connect: (url, token, answers) => first(sse(url, token), answers) },
  { name: 'SDK v1, /mcp', connect: (url, token, answers) => first(streamable(url, token), answers) },
  {
    name: 'SDK v2, /sse',
    connect: (url, token, answers) => second(sseTransport(url, token), answers, 'legacy'),
  },
  {
    name: 'SDK v2, 2025',
    connect: (url, token, answers) => second(streamableTransport(url, token), answers, 'legacy'),
  },
  {
    name: 'SDK v2, 2026',
    connect: (url, token, answers) => second(streamableTransport(url, token), answers, 'auto'),
  },
];

function streamable(url: string, token: string): StreamableHTTPClientTransport {
  return new StreamableHTTPClientTransport(new URL(`${url}/mcp`), {
    requestInit: { headers: { Authorization: `Bearer ${token}` } },
  });
}

function sse(url: string, token: string): SSEClientTransport {
  return new SSEClientTransport(new URL(`${url}/sse`), {
    requestInit: { headers: { Authorization: `Bearer ${token}` } },
  });
}

async function first(
  transport: StreamableHTTPClientTransport | SSEClientTransport,
  { elicit, sample, roots }: Answers,
): Promise<AskedClient> {
  const capabilities = declared({ elicit, sample, roots });
  const client = new Client({ name: 'e2e-sdk-v1', version: '1.0.0' }, { capabilities });
  open.add(client);
  if (elicit !== undefined) {
    client.setRequestHandler(ElicitRequestSchema, ({ params }) => elicit(params) as never);
  }
  if (sample !== undefined) {
    client.setRequestHandler(CreateMessageRequestSchema, ({ params }) => sample(params) as never);
  }
  if (roots !== undefined) client.setRequestHandler(ListRootsRequestSchema, () => ({ roots: roots() }));
  await client.connect(transport);
  return client;
}

async function second(
  transport: Parameters<v2.Client['connect']>[0],
  { elicit, sample, roots }: Answers,
  mode: 'legacy' | 'auto',
): Promise<AskedClient> {
  const client = new v2.Client(
    { name: 'e2e-sdk-v2', version: '1.0.0' },
    { versionNegotiation: { mode }, capabilities: declared({ elicit, sample, roots }) },
  );
  open.add(client);
  if (elicit !== undefined) {
    client.setRequestHandler('elicitation/create', ({ params }) => elicit({ ...params }) as never);
  }
  if (sample !== undefined) {
    client.setRequestHandler('sampling/createMessage', ({ params }) => sample({ ...params }) as never);
  }
  if (roots !== undefined) client.setRequestHandler('roots/list', () => ({ roots: roots() }));
  await client.connect(transport);
  return client;
}

function declared({ elicit, sample, roots }: Answers): Partial<typeof CAPABILITIES> {
  return {
    ...(elicit === undefined ? NONE : { elicitation: CAPABILITIES.elicitation }),
    ...(sample === undefined ? NONE : { sampling: CAPABILITIES.sampling }),
    ...(roots === undefined ? NONE : { roots: CAPABILITIES.roots }),
  };
}
