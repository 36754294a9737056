import type { Reply } from '../raw-session.js';
import { type Answer, send, type Sending } from '../wire.js';
import type { EraClient, Notice, Params, Posting, Underway } from './era.js';
import { Exchange } from './exchange.js';
import { headText, withDefaults } from './headers.js';

/** `/mcp`: each message is a separate POST, and its reply is in the response. */
export abstract class StreamableClient implements EraClient {
  readonly notices: Notice[] = [];

  constructor(
    readonly url: string,
    protected readonly token: string,
  ) {}

  abstract wantLogs(level: string): Promise<void>;
  abstract close(): void;
  protected abstract messageText(id: string | number, method: string, params?: Params): string;
  /** The headers of this revision, in addition to those of all revisions. */
  protected abstract headersFor(message: string): readonly string[];
  protected abstract cancel(id: string | number, exchange: Exchange): Promise<void>;

  headOf(message: string): string {
    return headText('/mcp', this.url, this.headers(message));
  }

  begin(id: string | number, method: string, params?: Params): Underway {
    const exchange = this.exchange(this.messageText(id, method, params));
    return {
      answer: exchange.answer,
      ended: exchange.ended,
      reply: async () => this.replyTo(id, await exchange.answer),
      cancel: () => this.cancel(id, exchange),
    };
  }

  request(id: string | number, method: string, params?: Params): Promise<Reply> {
    return this.begin(id, method, params).reply();
  }

  send(body: Sending['body'], posting: Posting = {}): Promise<Answer> {
    const headers = withDefaults(posting, this.headers(textOf(body)));
    const address = `${this.url}/mcp?${posting.query ?? ''}`;
    return send(address.replace(/\?$/, ''), { method: 'POST', ...posting, token: undefined, headers, body });
  }

  async replyTo(id: string | number, { status, json, text }: Answer): Promise<Reply> {
    const reply = json as Reply | undefined;
    if (reply?.id !== id) throw new Error(`POST answered ${status}: ${text}`);
    return reply;
  }

  protected exchange(message: string): Exchange {
    const { host } = new URL(this.url);
    const length = String(Buffer.byteLength(message));
    const headers = ['Host', host, 'Content-Length', length, ...this.headers(message)];
    return new Exchange(`${this.url}/mcp`, headers, message, (notice) => this.notices.push(notice));
  }

  private headers(message: string): string[] {
    const all = ['Authorization', `Bearer ${this.token}`, 'Content-Type', 'application/json'];
    return [...all, 'Accept', 'application/json, text/event-stream', ...this.headersFor(message)];
  }
}

function textOf(body: Sending['body']): string {
  return typeof body === 'string' ? body : Buffer.from(body ?? []).toString();
}
