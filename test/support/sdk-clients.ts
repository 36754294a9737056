import type { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import type { Client as ClientV2 } from '@modelcontextprotocol/client';
import { connectSdkV2, sseTransport, streamableTransport } from './clients.js';
import { connectSdk, connectSdkOverMcp } from './sdk-client.js';

/** The common operations of the clients of both SDKs. */
export type SdkClient = ClientV1 | ClientV2;

export interface SdkClientKind {
  readonly name: string;
  readonly revision: string;
  readonly connect: (url: string, token: string) => Promise<SdkClient>;
}

/** The SDKs' clients over each transport, with the revision that they negotiate. */
export const SDK_CLIENTS: readonly SdkClientKind[] = [
  { name: 'SDK v1, /sse', revision: '2025-11-25', connect: (url, token) => connectSdk(url, token) },
  { name: 'SDK v1, /mcp', revision: '2025-11-25', connect: (url, token) => connectSdkOverMcp(url, token) },
  {
    name: 'SDK v2, /sse',
    revision: '2025-11-25',
    connect: (url, token) => connectSdkV2(sseTransport(url, token)),
  },
  {
    name: 'SDK v2, /mcp',
    revision: '2025-11-25',
    connect: (url, token) => connectSdkV2(streamableTransport(url, token)),
  },
  {
    name: 'SDK v2, /mcp, newest revision',
    revision: '2026-07-28',
    connect: (url, token) => connectSdkV2(streamableTransport(url, token), { mode: 'auto' }),
  },
];

/** An error object as a client reports it. */
export interface Refusal {
  readonly code: unknown;
  /** Without the prefix of SDK v1. */
  readonly message: string;
  readonly data: unknown;
}

export async function refusalOf(request: Promise<unknown>): Promise<Refusal> {
  const error = await request.then(
    (result) => new Error(`it was answered: ${JSON.stringify(result)}`),
    (reason: unknown) => reason as Error & { code?: unknown; data?: unknown },
  );
  const { code, data, message } = error as Error & { code?: unknown; data?: unknown };
  return { code, message: message.replace(/^MCP error -?\d+: /, ''), data };
}
