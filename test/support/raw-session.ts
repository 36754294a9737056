import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { withCanary } from '../canary/canaries.js';
import type { EraClient, Notice, Params, Posting, Underway } from './eras/era.js';
import { headText, withDefaults } from './eras/headers.js';
import { initializeParams } from './eras/messages.js';
import { EventReader } from './sse.js';
import { until } from './until.js';
import { type Answer, send, type Sending } from './wire.js';

export interface RawEvent {
  readonly event: string;
  readonly data: string;
}

export interface Reply {
  readonly id: string | number | null;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly code: number; readonly message: string };
}

/** Requests that a failed test may have left open: Jest would not exit. */
const open = new Set<ClientRequest>();
afterAll(() => open.forEach((sent) => sent.destroy()));

/** HTTP+SSE driven by hand, for messages that real clients do not send: one stream for all replies, messages by POST. */
export class RawSession implements EraClient {
  readonly events: RawEvent[] = [];
  readonly comments: string[] = [];
  /** Resolves when the stream has ended for any reason. */
  readonly ended: Promise<void>;
  /** The messages in the events named `message`. */
  readonly messages: Reply[] = [];
  private readonly reader = new EventReader();

  private constructor(
    private readonly url: string,
    private readonly token: string,
    private readonly sent: ClientRequest,
    readonly response: IncomingMessage,
  ) {
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => this.read(chunk));
    this.ended = new Promise((resolve) => {
      response.once('close', resolve);
      response.once('error', () => resolve());
    });
  }

  /** Opens a stream and waits for its endpoint event. Rejects when the server answers anything but 200. */
  static async open(url: string, token: string): Promise<RawSession> {
    const sent = request(`${url}/sse`, { headers: { Authorization: `Bearer ${token}` }, agent: false }).end();
    open.add(sent);
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      sent.once('response', resolve);
      sent.once('error', reject);
    });
    if (response.statusCode !== 200) {
      sent.destroy();
      throw new Error(`GET /sse answered ${response.statusCode}`);
    }
    sent.on('error', () => undefined);
    const session = new RawSession(url, token, sent, response);
    await session.until(() => session.events.length > 0);
    return session;
  }

  /** A session that is initialized. */
  static async initialized(url: string, token: string): Promise<RawSession> {
    const session = await RawSession.open(url, token);
    await session.request('initialize', 'initialize', initializeParams('2024-11-05'));
    return session;
  }

  /** The address for POSTs: path and query. */
  get endpoint(): string {
    return this.events[0]!.data;
  }

  get id(): string {
    return new URLSearchParams(this.endpoint.split('?')[1]).get('sessionId')!;
  }

  /** Posts a body: a string or bytes unchanged, other values as JSON. */
  async post(body: unknown, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(new URL(this.endpoint, this.url), {
      method: 'POST',
      headers: { Authorization: `Bearer ${this.token}`, 'Content-Type': 'application/json', ...headers },
      body: typeof body === 'string' || body instanceof Uint8Array ? (body as string) : JSON.stringify(body),
    });
  }

  get notices(): readonly Notice[] {
    return this.messages.filter((message) => 'method' in message) as unknown as Notice[];
  }

  headOf(_message: string): string {
    return headText(this.endpoint, this.url, this.headers());
  }

  begin(id: string | number, method: string, params?: Params): Underway {
    const answer = this.send(sessionRequest(id, method, params));
    answer.catch(() => undefined);
    return {
      answer,
      ended: this.ended,
      reply: async () => this.replyTo(id, await answer),
      cancel: async () => {
        await answer;
        await this.send(
          JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: id } }),
        );
      },
    };
  }

  /** Sends a request, and waits for its reply on the stream. */
  async request(id: string | number, method: string, params?: Params): Promise<Reply> {
    const response = await this.post(sessionRequest(id, method, params));
    return this.replyTo(id, { status: response.status, text: await response.text() });
  }

  send(body: Sending['body'], posting: Posting = {}): Promise<Answer> {
    const headers = withDefaults(posting, this.headers());
    const address = `${new URL(this.endpoint, this.url).href}&${posting.query ?? ''}`;
    return send(address.replace(/&$/, ''), { method: 'POST', ...posting, token: undefined, headers, body });
  }

  async replyTo(id: string | number, { status, text }: Pick<Answer, 'status' | 'text'>): Promise<Reply> {
    if (status !== 202) throw new Error(`POST answered ${status}: ${text}`);
    return this.reply(id);
  }

  async wantLogs(level: string): Promise<void> {
    await this.request(`level ${level}`, 'logging/setLevel', { level });
  }

  async reply(id: string | number): Promise<Reply> {
    const find = (): Reply | undefined => this.messages.find((message) => message.id === id);
    await this.until(() => find() !== undefined);
    return find()!;
  }

  /** Waits until `met` holds. */
  async until(met: () => boolean): Promise<void> {
    await until(met).catch((error: unknown) => {
      throw new Error(`events so far: ${JSON.stringify(this.events)}`, { cause: error });
    });
  }

  close(): void {
    this.sent.destroy();
  }

  private headers(): string[] {
    return ['Authorization', `Bearer ${this.token}`, 'Content-Type', 'application/json'];
  }

  private read(chunk: string): void {
    for (const { event, data, comment } of this.reader.read(chunk)) {
      if (comment === undefined) this.take({ event, data });
      else this.comments.push(comment);
    }
  }

  private take(event: RawEvent): void {
    this.events.push(event);
    if (event.event === 'message') this.messages.push(JSON.parse(event.data) as Reply);
  }
}

/** A request in the form of the revisions with sessions. */
export function sessionRequest(id: string | number, method: string, params: Params = {}): string {
  return JSON.stringify({ jsonrpc: '2.0', id, method, params: withCanary(method, params) });
}
