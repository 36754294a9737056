import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { endToEnd } from '../src/testing/authorizing.proxy.ts';
import { EventStream } from './event-stream.ts';
import { LegacySession, type Message, Refusal } from './legacy-session.ts';

/** Headers that differ between the two transports: those of the body, and of the session. */
const OF_THE_BODY = ['accept', 'content-type', 'content-length'];
const OF_THE_TRANSPORT = ['mcp-session-id', 'accept'];

/**
 * Lets the suite, which supports only Streamable HTTP, use `/sse` and `/message`. Passes every message on unchanged and
 * answers none itself; statuses and bodies of refusals are the server's.
 */
export class SseAdapter {
  private readonly sessions = new Map<string, LegacySession>();
  private readonly server: Server;
  private readonly target: string;

  private constructor(target: string) {
    this.target = target;
    this.server = createServer((from, to) => {
      this.route(from, to).catch(() => to.destroy());
    });
  }

  static async start(target: string): Promise<SseAdapter> {
    const adapter = new SseAdapter(target);
    await once(adapter.server.listen(0, '127.0.0.1'), 'listening');
    return adapter;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    for (const session of this.sessions.values()) session.close();
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
  }

  private async route(from: IncomingMessage, to: ServerResponse): Promise<void> {
    const id = from.headers['mcp-session-id'];
    const session = this.sessions.get(String(id));
    if (from.method === 'POST' && id === undefined) await this.open(from, to);
    else if (session === undefined) to.writeHead(404).end();
    else if (from.method === 'POST') await send(session, from, to);
    else if (from.method === 'GET') listen(session, to);
    else {
      session.close();
      to.writeHead(204).end();
    }
  }

  private async open(from: IncomingMessage, to: ServerResponse): Promise<void> {
    try {
      const headers = without([...OF_THE_BODY, ...OF_THE_TRANSPORT], from.rawHeaders);
      const session = await LegacySession.open(this.target, headers);
      const id = await session.id();
      this.sessions.set(id, session);
      session.onEnd(() => this.sessions.delete(id));
      await send(session, from, to, { 'Mcp-Session-Id': id });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      await relay(error.answer, to);
    }
  }
}

async function send(
  session: LegacySession,
  from: IncomingMessage,
  to: ServerResponse,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  const body = await buffer(from);
  const { id, method } = JSON.parse(body.toString()) as Message;
  const stream = new EventStream(to);
  const isRequest = method !== undefined && id != null;
  // The reply may arrive before the response to the POST.
  if (isRequest) session.expect(id, stream);
  to.once('close', () => session.forget(stream));
  const answer = await session.post(body, without(OF_THE_TRANSPORT, from.rawHeaders));
  if (answer.statusCode !== 202 || !isRequest) return relay(answer, to);
  answer.resume();
  stream.open(headers);
}

function listen(session: LegacySession, to: ServerResponse): void {
  const stream = new EventStream(to);
  stream.open();
  session.listen(stream);
  to.once('close', () => session.forget(stream));
}

async function relay(answer: IncomingMessage, to: ServerResponse): Promise<void> {
  to.writeHead(answer.statusCode!, answer.statusMessage, endToEnd(answer.rawHeaders));
  await pipeline(answer, to);
}

function without(names: readonly string[], rawHeaders: readonly string[]): string[] {
  return endToEnd(rawHeaders).filter((_, at, all) => !names.includes(all[at - (at % 2)]!.toLowerCase()));
}
