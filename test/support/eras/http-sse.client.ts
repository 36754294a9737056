import { withCanary } from '../../canary/canaries.js';
import { RawSession, type Reply } from '../raw-session.js';
import { type Answer, send, type Sending } from '../wire.js';
import type { EraClient, Notice, Params, Posting, Underway } from './era.js';
import { headText, withDefaults } from './headers.js';

/** 2024-11-05: one stream for all replies, messages by POST. */
export class HttpSseClient implements EraClient {
  private constructor(
    private readonly url: string,
    private readonly token: string,
    readonly session: RawSession,
  ) {}

  static async connect(url: string, token: string): Promise<HttpSseClient> {
    const client = new HttpSseClient(url, token, await RawSession.open(url, token));
    const clientInfo = { name: 'by-hand', version: '1' };
    const params = { protocolVersion: '2024-11-05', capabilities: {}, clientInfo };
    await client.call('initialize', 'initialize', params);
    return client;
  }

  get notices(): readonly Notice[] {
    return this.session.messages.filter((message) => 'method' in message) as unknown as Notice[];
  }

  headOf(_message: string): string {
    return headText(this.session.endpoint, this.url, this.headers());
  }

  begin(id: string | number, method: string, params?: Params): Underway {
    const answer = this.post(sessionRequest(id, method, params));
    answer.catch(() => undefined);
    return {
      answer,
      ended: this.session.ended,
      reply: async () => this.replyTo(id, await answer),
      cancel: async () => {
        await answer;
        await this.post(
          JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: id } }),
        );
      },
    };
  }

  call(id: string | number, method: string, params?: Params): Promise<Reply> {
    return this.begin(id, method, params).reply();
  }

  post(body: Sending['body'], posting: Posting = {}): Promise<Answer> {
    const headers = withDefaults(posting, this.headers());
    const address = `${new URL(this.session.endpoint, this.url).href}&${posting.query ?? ''}`;
    return send(address.replace(/&$/, ''), {
      method: 'POST',
      ...posting,
      token: undefined,
      headers,
      body,
    });
  }

  replyTo(id: string | number, { status, text }: Answer): Promise<Reply> {
    if (status !== 202) throw new Error(`POST answered ${status}: ${text}`);
    return this.session.reply(id);
  }

  async wantLogs(level: string): Promise<void> {
    await this.call(`level ${level}`, 'logging/setLevel', { level });
  }

  close(): void {
    this.session.close();
  }

  private headers(): string[] {
    return ['Authorization', `Bearer ${this.token}`, 'Content-Type', 'application/json'];
  }
}

/** A request in the form of the revisions with sessions. */
export function sessionRequest(id: string | number, method: string, params: Params = {}): string {
  return JSON.stringify({ jsonrpc: '2.0', id, method, params: withCanary(method, params) });
}
