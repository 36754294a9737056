import { send } from '../wire.js';
import type { Params } from './era.js';
import type { Exchange } from './exchange.js';
import { sessionRequest } from './http-sse.client.js';
import { StreamableClient } from './streamable.client.js';

const REVISION = '2025-11-25';

/** 2025-11-25: each message names its session. */
export class SessionClient extends StreamableClient {
  private session: readonly string[] = [];

  static async connect(url: string, token: string): Promise<SessionClient> {
    const client = new SessionClient(url, token);
    const params = {
      protocolVersion: REVISION,
      capabilities: {},
      clientInfo: { name: 'by-hand', version: '1' },
    };
    const { answer } = client.begin('initialize', 'initialize', params);
    const { status, headers, text } = await answer;
    const id = headers['mcp-session-id'];
    if (typeof id !== 'string') throw new Error(`initialize answered ${status}: ${text}`);
    client.session = ['Mcp-Session-Id', id, 'Mcp-Protocol-Version', REVISION];
    return client;
  }

  get sessionId(): string {
    return this.session[1]!;
  }

  override async wantLogs(level: string): Promise<void> {
    await this.call(`level ${level}`, 'logging/setLevel', { level });
  }

  /** Ends the session; a test that checks this awaits it. */
  override close(): void {
    const ending = send(`${this.url}/mcp`, { method: 'DELETE', token: this.token, headers: this.session });
    ending.catch(() => undefined);
  }

  protected override request(id: string | number, method: string, params?: Params): string {
    return sessionRequest(id, method, params);
  }

  protected override headersFor(): readonly string[] {
    return this.session;
  }

  protected override async cancel(requestId: string | number, _exchange: Exchange): Promise<void> {
    const params = { requestId };
    await this.post(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params }));
  }
}
