import { withCanary } from '../canary/canaries.js';
import type { Params } from './eras/era.js';
import type { Exchange } from './eras/exchange.js';
import { pairs } from './eras/headers.js';
import { initializeParams, sessionHeaders, statelessHeaders } from './eras/messages.js';
import { statelessRequest } from './eras/stateless.client.js';
import { StreamableClient } from './eras/streamable.client.js';
import { sessionRequest } from './raw-session.js';
import { EventReader } from './sse.js';

const BOTH = 'application/json, text/event-stream';

export interface NumberedEvent {
  readonly id: string;
  readonly data: string;
}

/**
 * Drives `/mcp` by hand in a session, for messages that real clients do not send and responses that they do not show.
 * `post`, `call` and `get` resolve with the response as soon as it begins.
 */
export class McpEndpoint extends StreamableClient {
  sessionId: string | undefined;
  private revision: string | undefined;

  /** An endpoint whose session is initialized; without a session where that is refused. */
  static async open(
    url: string,
    token: string,
    protocolVersion = '2025-11-25',
    capabilities: object = {},
  ): Promise<McpEndpoint> {
    const endpoint = new McpEndpoint(url, token);
    const params = initializeParams(protocolVersion, capabilities);
    const response = await endpoint.call('init', 'initialize', params);
    endpoint.sessionId = response.headers.get('mcp-session-id') ?? undefined;
    endpoint.revision = protocolVersion;
    await response.text();
    return endpoint;
  }

  post(body: unknown, headers: Record<string, string> = {}, signal?: AbortSignal): Promise<Response> {
    return this.fetch('POST', { Accept: BOTH, 'Content-Type': 'application/json', ...headers }, body, signal);
  }

  call(id: string | number, method: string, params: Params = {}): Promise<Response> {
    return this.post({ jsonrpc: '2.0', id, method, params: withCanary(method, params) });
  }

  get(headers: Record<string, string> = {}, signal?: AbortSignal): Promise<Response> {
    return this.fetch('GET', { Accept: 'text/event-stream', ...headers }, undefined, signal);
  }

  /** Opens a stream of changes of the list of tools: 2026-07-28, without a session. */
  subscribe(signal?: AbortSignal): Promise<Response> {
    const method = 'subscriptions/listen';
    const text = statelessRequest(1, method, { notifications: { toolsListChanged: true } });
    return this.post(text, pairs(statelessHeaders(method)), signal);
  }

  delete(): Promise<Response> {
    return this.fetch('DELETE', {});
  }

  override async wantLogs(level: string): Promise<void> {
    await this.request(`level ${level}`, 'logging/setLevel', { level });
  }

  /** Ends the session; a test that checks this awaits {@link delete}. */
  override close(): void {
    this.delete().catch(() => undefined);
  }

  protected override messageText(id: string | number, method: string, params?: Params): string {
    return sessionRequest(id, method, params);
  }

  protected override headersFor(): readonly string[] {
    const { sessionId, revision } = this;
    if (sessionId === undefined) return [];
    return revision === undefined ? ['Mcp-Session-Id', sessionId] : sessionHeaders(sessionId, revision);
  }

  protected override async cancel(requestId: string | number, _exchange: Exchange): Promise<void> {
    const params = { requestId };
    await this.send(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params }));
  }

  private fetch(
    method: string,
    headers: Record<string, string>,
    body?: unknown,
    signal: AbortSignal | null = null,
  ): Promise<Response> {
    const all = new Headers({ Authorization: `Bearer ${this.token}`, ...pairs(this.headersFor()) });
    for (const [name, value] of Object.entries(headers)) all.set(name, value);
    return fetch(`${this.url}/mcp`, {
      method,
      signal,
      headers: all,
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  }
}

/** The events of a stream in order, until its end. Skips comments. */
export async function* eventsOf(response: Response): AsyncGenerator<NumberedEvent> {
  const events = new EventReader();
  for await (const piece of response.body!.pipeThrough(new TextDecoderStream())) {
    for (const { id, data } of events.read(piece)) if (id !== undefined) yield { id, data };
  }
}
