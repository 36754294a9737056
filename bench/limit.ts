/**
 * The limit: the same wire protocol on bare `node:http`, with only the steps that a correct server cannot avoid. The
 * token is verified once and cached; each message is parsed by `JSON.parse`, its envelope checked by hand and the
 * arguments by zod; one reply is sent. No framework, no log.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { z } from 'zod';
import { KnownTokens } from './known-tokens.ts';

interface Session {
  readonly owner: string;
  /** Undefined: its replies are sent in the responses to its POSTs. */
  readonly stream: ServerResponse | undefined;
}

interface Message {
  readonly jsonrpc: '2.0';
  readonly method: string;
  readonly id?: string | number;
  readonly params?: {
    readonly name?: unknown;
    readonly arguments?: unknown;
    readonly _meta?: Readonly<Record<string, unknown>>;
  };
}

const STATELESS = '2026-07-28';
const MAX_BODY = 4 * 1024 * 1024;
const STREAM = { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache, no-transform' };
const ACCEPTED = { 'Content-Type': 'text/plain', 'Content-Length': '8' };
const INITIALIZED = {
  protocolVersion: '2024-11-05',
  capabilities: { tools: {} },
  serverInfo: { name: 'limit', version: '1' },
};

const echoInput = z.object({ message: z.string() });
const ECHO = { name: 'echo', description: 'Echo', inputSchema: z.toJSONSchema(echoInput) };

const { PORT, PUBLIC_URL, JWT_SECRET } = process.env;
const tokens = new KnownTokens(JWT_SECRET!, PUBLIC_URL!);
const sessions = new Map<string, Session>();

async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = request.url!;
  if (url === '/health/live') return void response.writeHead(200).end('{}');
  const caller = await tokens.callerOf(request.headers.authorization);
  if (caller === undefined) return void response.writeHead(401).end();
  if (request.method === 'GET' && url === '/sse') return openStream(response, caller.subject);
  if (request.method === 'POST' && url === '/mcp') return postToMcp(request, response, caller.subject);
  if (request.method !== 'POST' || !url.startsWith('/message?sessionId=')) {
    return void response.writeHead(404).end();
  }
  const session = sessions.get(url.slice('/message?sessionId='.length));
  if (session?.owner !== caller.subject) return void response.writeHead(404).end();
  readBody(request, response, (text) => receive(text, session.stream!, response));
}

function postToMcp(request: IncomingMessage, response: ServerResponse, owner: string): void {
  const { headers } = request;
  const id = headers['mcp-session-id'] as string | undefined;
  const isStateless = headers['mcp-protocol-version'] === STATELESS;
  if (!isStateless && id !== undefined && sessions.get(id)?.owner !== owner) {
    return void response.writeHead(404).end();
  }
  readBody(request, response, (text) => {
    const message = parse(text);
    if (message?.id === undefined) return void response.writeHead(400).end();
    if (isStateless ? !repeats(headers, message) : id === undefined && message.method !== 'initialize') {
      return void response.writeHead(400).end();
    }
    const opened = !isStateless && id === undefined ? { 'Mcp-Session-Id': openSession(owner) } : {};
    const body = JSON.stringify({ jsonrpc: '2.0', id: message.id, ...answer(message) });
    const length = Buffer.byteLength(body);
    response
      .writeHead(200, { ...opened, 'Content-Type': 'application/json', 'Content-Length': length })
      .end(body);
  });
}

/** Whether the headers of 2026-07-28 repeat the body. */
function repeats(headers: IncomingMessage['headers'], { method, params }: Message): boolean {
  return (
    headers['mcp-method'] === method &&
    headers['mcp-name'] === params?.name &&
    params?.['_meta']?.['io.modelcontextprotocol/protocolVersion'] === STATELESS
  );
}

function openSession(owner: string): string {
  const id = randomUUID();
  sessions.set(id, { owner, stream: undefined });
  return id;
}

function openStream(response: ServerResponse, owner: string): void {
  const id = randomUUID();
  sessions.set(id, { owner, stream: response });
  response.once('close', () => sessions.delete(id));
  response.writeHead(200, STREAM).write(`event: endpoint\ndata: /message?sessionId=${id}\n\n`);
}

function readBody(request: IncomingMessage, response: ServerResponse, done: (text: string) => void): void {
  let text = '';
  request.setEncoding('utf8');
  request.on('data', (chunk: string) => {
    text += chunk;
    if (text.length > MAX_BODY) response.writeHead(413, { Connection: 'close' }).end();
  });
  request.on('end', () => {
    if (!response.headersSent) done(text);
  });
}

function receive(text: string, stream: ServerResponse, response: ServerResponse): void {
  const message = parse(text);
  if (message === undefined) return void response.writeHead(400).end();
  response.writeHead(202, ACCEPTED).end('Accepted');
  if (message.id === undefined) return;
  const reply = { jsonrpc: '2.0', id: message.id, ...answer(message) };
  stream.write(`event: message\ndata: ${JSON.stringify(reply)}\n\n`);
}

/** Undefined: not a message. */
function parse(text: string): Message | undefined {
  try {
    const message: unknown = JSON.parse(text);
    return isMessage(message) ? message : undefined;
  } catch {
    return undefined;
  }
}

function isMessage(value: unknown): value is Message {
  if (typeof value !== 'object' || value === null) return false;
  const { jsonrpc, method, id, params } = value as Record<string, unknown>;
  if (jsonrpc !== '2.0' || typeof method !== 'string') return false;
  if (id !== undefined && typeof id !== 'string' && !Number.isSafeInteger(id)) return false;
  return params === undefined || (typeof params === 'object' && params !== null && !Array.isArray(params));
}

function answer({ method, params }: Message): { result: unknown } | { error: unknown } {
  switch (method) {
    case 'initialize':
      return { result: INITIALIZED };
    case 'tools/list':
      return { result: { tools: [ECHO] } };
    case 'tools/call':
      return callTool(params);
    default:
      return { error: { code: -32601, message: 'Method not found' } };
  }
}

function callTool(params: Message['params']): { result: unknown } | { error: unknown } {
  if (params?.name !== 'echo') return { error: { code: -32602, message: 'Unknown tool' } };
  const parsed = echoInput.safeParse(params.arguments);
  if (!parsed.success) return { error: { code: -32602, message: 'Invalid arguments' } };
  return { result: { content: [{ type: 'text', text: `Echo: ${parsed.data.message}` }] } };
}

createServer({ keepAliveTimeout: 75_000 }, (request, response) => void route(request, response)).listen(
  Number(PORT),
  '127.0.0.1',
);
