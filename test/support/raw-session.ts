import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { withCanary } from '../canary/canaries.js';
import { until } from './until.js';

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

/** An HTTP+SSE session driven by hand, for messages that real clients do not send. */
export class RawSession {
  readonly events: RawEvent[] = [];
  readonly comments: string[] = [];
  /** Resolves when the stream has ended for any reason. */
  readonly ended: Promise<void>;
  /** The messages in the events named `message`. */
  readonly messages: Reply[] = [];
  private rest = '';

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

  /** Sends a request, and waits for its reply on the stream. */
  async call(id: string | number, method: string, params: Record<string, unknown> = {}): Promise<Reply> {
    const response = await this.post({ jsonrpc: '2.0', id, method, params: withCanary(method, params) });
    if (response.status !== 202)
      throw new Error(`POST answered ${response.status}: ${await response.text()}`);
    await response.text();
    return this.reply(id);
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

  private read(chunk: string): void {
    const blocks = (this.rest + chunk).split('\n\n');
    this.rest = blocks.pop()!;
    for (const block of blocks) {
      if (block.startsWith(':')) this.comments.push(block);
      else this.take({ event: field(block, 'event'), data: field(block, 'data') });
    }
  }

  private take(event: RawEvent): void {
    this.events.push(event);
    if (event.event === 'message') this.messages.push(JSON.parse(event.data) as Reply);
  }
}

function field(block: string, name: string): string {
  const line = block.split('\n').find((candidate) => candidate.startsWith(`${name}: `));
  return line?.slice(name.length + 2) ?? '';
}
