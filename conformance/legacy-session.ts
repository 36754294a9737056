import { createParser } from 'eventsource-parser';
import { type IncomingMessage, request } from 'node:http';
import type { EventStream } from './event-stream.ts';

type JsonRpcId = string | number;

export interface Message {
  readonly id?: JsonRpcId | null;
  readonly method?: string;
}

/** An unexpected response of the server. */
export class Refusal extends Error {
  readonly answer: IncomingMessage;

  constructor(answer: IncomingMessage) {
    super(`the server answered ${answer.statusCode}`);
    this.answer = answer;
  }
}

/** A session over `/sse` and `/message`. It passes each reply to the stream that waits for it. */
export class LegacySession {
  private readonly server: string;
  private readonly stream: IncomingMessage;
  private readonly waiting = new Map<JsonRpcId, EventStream>();
  private listener: EventStream | undefined;
  /** Messages that arrived while there was no stream for them. */
  private readonly kept: string[] = [];
  private readonly address = Promise.withResolvers<URL>();

  private constructor(server: string, stream: IncomingMessage) {
    this.server = server;
    this.stream = stream;
    const parser = createParser({
      onEvent: ({ event, data }) => {
        if (event === 'endpoint') this.address.resolve(new URL(data, server));
        else this.receive(data);
      },
    });
    stream.setEncoding('utf8').on('data', (chunk: string) => parser.feed(chunk));
    stream.on('error', () => undefined).once('close', () => this.ended());
  }

  /** Opens the stream and waits for its endpoint event. Rejects with {@link Refusal}. */
  static async open(server: string, headers: readonly string[]): Promise<LegacySession> {
    const stream = await exchange(`${server}/sse`, 'GET', [...headers, 'Accept', 'text/event-stream']);
    if (stream.statusCode !== 200) throw new Refusal(stream);
    const session = new LegacySession(server, stream);
    await session.address.promise;
    return session;
  }

  /** The session id of the server. */
  async id(): Promise<string> {
    return (await this.address.promise).searchParams.get('sessionId')!;
  }

  onEnd(listener: () => void): void {
    this.stream.once('close', listener);
  }

  /** Sends the reply to `id` on this stream, and other messages of the server until then. */
  expect(id: JsonRpcId, on: EventStream): void {
    this.waiting.set(id, on);
  }

  /** Sends messages that belong to no request on this stream. */
  listen(on: EventStream): void {
    this.listener = on;
    for (const text of this.kept.splice(0)) on.send(text);
  }

  /** Removes a stream that has closed. */
  forget(stream: EventStream): void {
    if (this.listener === stream) this.listener = undefined;
    for (const [id, waiting] of this.waiting) if (waiting === stream) this.waiting.delete(id);
  }

  /** Posts a message unchanged; resolves with the server's response to the POST. */
  async post(body: Buffer, headers: readonly string[]): Promise<IncomingMessage> {
    const { pathname, search } = await this.address.promise;
    return exchange(`${this.server}${pathname}${search}`, 'POST', headers, body);
  }

  close(): void {
    this.stream.destroy();
  }

  private receive(text: string): void {
    const { id, method } = JSON.parse(text) as Message;
    const reply = method === undefined && id != null ? this.waiting.get(id) : undefined;
    const stream = reply ?? [...this.waiting.values()].at(-1) ?? this.listener;
    if (stream === undefined) this.kept.push(text);
    else stream.send(text);
    if (reply === undefined) return;
    this.waiting.delete(id!);
    reply.end();
  }

  private ended(): void {
    this.address.reject(new Error('the stream ended before its endpoint event'));
    for (const stream of [...this.waiting.values(), this.listener]) stream?.end();
  }
}

function exchange(
  url: string,
  method: string,
  headers: readonly string[],
  body?: Buffer,
): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  request(url, { method, headers, agent: false }, resolve).on('error', reject).end(body);
  return promise;
}
