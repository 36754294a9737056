import * as v2 from '@modelcontextprotocol/client';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Server } from 'node:http';

interface CallOptions {
  readonly signal?: AbortSignal;
  readonly onprogress?: () => void;
}

/** The part of both SDKs' clients that tests of the streams of `/mcp` need. */
export interface StreamableClient {
  /** The methods of the notifications that the client has received. */
  readonly notices: string[];
  call(name: string, args?: Record<string, unknown>, options?: CallOptions): Promise<unknown>;
}

/** A transport without a client: it opens a stream for messages of the session. */
export interface BareTransport {
  readonly messages: unknown[];
  readonly errors: Error[];
}

export interface StreamableKind {
  readonly name: string;
  readonly connect: (url: string, token: string) => Promise<StreamableClient>;
  /** Joins an existing session, as a second program of the same client. */
  readonly join: (url: string, token: string, sessionId: string) => Promise<BareTransport>;
}

/** Open clients: one that is not closed would reconnect without end, and Jest would not exit. */
const open = new Set<{ close(): Promise<void> }>();
afterAll(() => Promise.all([...open].map((client) => client.close())));

const INFO = { name: 'e2e-streams', version: '1.0.0' };
const LEGACY = { versionNegotiation: { mode: 'legacy' as const } };
const REVISION = '2025-11-25';
const INITIALIZED = { jsonrpc: '2.0' as const, method: 'notifications/initialized' };

/** The clients of both TypeScript SDKs, over `/mcp` with a session. */
export const STREAMABLE_SDKS: readonly StreamableKind[] = [
  {
    name: 'SDK v1',
    connect: async (url, token) => {
      const client = new Client(INFO);
      const notices: string[] = [];
      client.fallbackNotificationHandler = async ({ method }) => void notices.push(method);
      await client.connect(kept(new StreamableHTTPClientTransport(address(url), bearer(token))));
      return {
        notices,
        call: (name, args, options) => client.callTool({ name, arguments: args }, undefined, options),
      };
    },
    join: async (url, token, sessionId) => {
      const transport = new StreamableHTTPClientTransport(address(url), { ...bearer(token), sessionId });
      return joined(kept(transport));
    },
  },
  {
    name: 'SDK v2',
    connect: async (url, token) => {
      const client = new v2.Client(INFO, LEGACY);
      const notices: string[] = [];
      client.fallbackNotificationHandler = async ({ method }) => void notices.push(method);
      await client.connect(kept(new v2.StreamableHTTPClientTransport(address(url), bearer(token))));
      return { notices, call: (name, args, options) => client.callTool({ name, arguments: args }, options) };
    },
    join: async (url, token, sessionId) => {
      const transport = new v2.StreamableHTTPClientTransport(address(url), { ...bearer(token), sessionId });
      return joined(kept(transport));
    },
  },
];

/** A received `GET /mcp`, and the status of its response when it has been sent. */
export interface SeenGet {
  readonly lastEventId: string | undefined;
  status: number | undefined;
}

/** The `GET` requests that a server receives from now on, oldest first: those of one session, or all. */
export function watchGets(server: Server, sessionId?: string): SeenGet[] {
  const seen: SeenGet[] = [];
  server.on('request', (request, response) => {
    if (request.method !== 'GET' || request.url !== '/mcp') return;
    if (sessionId !== undefined && request.headers['mcp-session-id'] !== sessionId) return;
    const get: SeenGet = {
      lastEventId: request.headers['last-event-id'] as string | undefined,
      status: undefined,
    };
    seen.push(get);
    response.once('finish', () => (get.status = response.statusCode));
  });
  return seen;
}

interface SdkTransport {
  setProtocolVersion?(version: string): void;
  start(): Promise<void>;
  send(message: typeof INITIALIZED): Promise<void>;
}

async function joined(transport: SdkTransport): Promise<BareTransport> {
  const messages: unknown[] = [];
  const errors: Error[] = [];
  Object.assign(transport, {
    onmessage: (message: unknown) => messages.push(message),
    onerror: (error: Error) => errors.push(error),
  });
  transport.setProtocolVersion?.(REVISION);
  await transport.start();
  await transport.send(INITIALIZED);
  return { messages, errors };
}

function kept<T extends { close(): Promise<void> }>(transport: T): T {
  open.add(transport);
  return transport;
}

function address(url: string): URL {
  return new URL(`${url}/mcp`);
}

function bearer(token: string): { requestInit: RequestInit } {
  return { requestInit: { headers: { Authorization: `Bearer ${token}` } } };
}
