import { withCanary } from '../canary/canaries.js';
import type { Reply } from './raw-session.js';

const BOTH = 'application/json, text/event-stream';

export interface NumberedEvent {
  readonly id: string;
  readonly data: string;
}

/** Sends requests to `/mcp` by hand, for messages that real clients do not send and responses that they do not show. */
export class McpEndpoint {
  sessionId: string | undefined;

  constructor(
    readonly url: string,
    private readonly token: string,
  ) {}

  /** An endpoint whose session is initialized. */
  static async open(
    url: string,
    token: string,
    protocolVersion = '2025-11-25',
    capabilities: object = {},
  ): Promise<McpEndpoint> {
    const endpoint = new McpEndpoint(url, token);
    const clientInfo = { name: 'by-hand', version: '1' };
    const response = await endpoint.post({
      jsonrpc: '2.0',
      id: 'init',
      method: 'initialize',
      params: { protocolVersion, capabilities, clientInfo },
    });
    endpoint.sessionId = response.headers.get('mcp-session-id') ?? undefined;
    await response.text();
    return endpoint;
  }

  post(body: unknown, headers: Record<string, string> = {}, signal?: AbortSignal): Promise<Response> {
    return this.fetch('POST', { Accept: BOTH, 'Content-Type': 'application/json', ...headers }, body, signal);
  }

  call(id: string | number, method: string, params: Record<string, unknown> = {}): Promise<Response> {
    return this.post({ jsonrpc: '2.0', id, method, params: withCanary(method, params) });
  }

  async reply(id: string | number, method: string, params: Record<string, unknown> = {}): Promise<Reply> {
    return (await (await this.call(id, method, params)).json()) as Reply;
  }

  get(headers: Record<string, string> = {}, signal?: AbortSignal): Promise<Response> {
    return this.fetch('GET', { Accept: 'text/event-stream', ...headers }, undefined, signal);
  }

  /** Opens a stream of changes of the list of tools: 2026-07-28, without a session. */
  subscribe(signal?: AbortSignal): Promise<Response> {
    const meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': {},
    };
    const method = 'subscriptions/listen';
    const params = { _meta: meta, notifications: { toolsListChanged: true } };
    const headers = { 'MCP-Protocol-Version': '2026-07-28', 'Mcp-Method': method };
    return this.post({ jsonrpc: '2.0', id: 1, method, params }, headers, signal);
  }

  delete(): Promise<Response> {
    return this.fetch('DELETE', {});
  }

  private fetch(
    method: string,
    headers: Record<string, string>,
    body?: unknown,
    signal: AbortSignal | null = null,
  ): Promise<Response> {
    const session: Record<string, string> =
      this.sessionId === undefined ? {} : { 'Mcp-Session-Id': this.sessionId };
    return fetch(`${this.url}/mcp`, {
      method,
      signal,
      headers: { Authorization: `Bearer ${this.token}`, ...session, ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  }
}

/** The events of a stream in order, until its end. Skips comments. */
export async function* eventsOf(response: Response): AsyncGenerator<NumberedEvent> {
  let rest = '';
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    const blocks = (rest + chunk).split('\n\n');
    rest = blocks.pop()!;
    for (const block of blocks) {
      const field = (name: string): string | undefined =>
        new RegExp(`^${name}: ?(.*)$`, 'm').exec(block)?.[1];
      const id = field('id');
      if (id !== undefined) yield { id, data: field('data') ?? '' };
    }
  }
}
