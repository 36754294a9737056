/**
 * For comparison: the SDK's own server and dispatch on the same bare `node:http` as the limit, with the same cached
 * token and the same zod check, one low-level `Server` and one `SSEServerTransport` for each session. `v1` is
 * `@modelcontextprotocol/sdk`, `v2` is `@modelcontextprotocol/server` on v1's transport.
 */
import { Server as ServerV1 } from '@modelcontextprotocol/sdk/server/index.js';
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js';
import { CallToolRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { Server as ServerV2 } from '@modelcontextprotocol/server';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { z } from 'zod';
import { KnownTokens } from './known-tokens.ts';

interface Session {
  readonly owner: string;
  readonly transport: SSEServerTransport;
}

const INFO = { name: 'sdk', version: '1' };
const CAPABILITIES = { capabilities: { tools: {} } };
const echoInput = z.object({ message: z.string() });

const { PORT, PUBLIC_URL, JWT_SECRET } = process.env;
const tokens = new KnownTokens(JWT_SECRET!, PUBLIC_URL!);
const sessions = new Map<string, Session>();
const connect = process.argv[2] === 'v2' ? connectV2 : connectV1;

async function connectV1(transport: SSEServerTransport): Promise<void> {
  const server = new ServerV1(INFO, CAPABILITIES);
  server.setRequestHandler(CallToolRequestSchema, ({ params }) => callTool(params.name, params.arguments));
  await server.connect(transport);
}

async function connectV2(transport: SSEServerTransport): Promise<void> {
  const server = new ServerV2(INFO, CAPABILITIES);
  server.setRequestHandler('tools/call', ({ params }) => callTool(params.name, params.arguments));
  await server.connect(transport);
}

function callTool(name: string, args: unknown) {
  if (name !== 'echo') throw new Error('Unknown tool');
  const { message } = echoInput.parse(args);
  return { content: [{ type: 'text' as const, text: `Echo: ${message}` }] };
}

async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = request.url!;
  if (url === '/health/live') return void response.writeHead(200).end('{}');
  const caller = await tokens.callerOf(request.headers.authorization);
  if (caller === undefined) return void response.writeHead(401).end();
  if (request.method === 'GET' && url === '/sse') return openStream(response, caller.subject);
  const session = sessions.get(url.slice('/message?sessionId='.length));
  if (session?.owner !== caller.subject) return void response.writeHead(404).end();
  await session.transport.handlePostMessage(request, response);
}

async function openStream(response: ServerResponse, owner: string): Promise<void> {
  const transport = new SSEServerTransport('/message', response);
  const id = transport.sessionId;
  sessions.set(id, { owner, transport });
  response.once('close', () => sessions.delete(id));
  await connect(transport);
}

createServer({ keepAliveTimeout: 75_000 }, (request, response) => void route(request, response)).listen(
  Number(PORT),
  '127.0.0.1',
);
