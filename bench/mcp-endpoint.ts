/**
 * Clients of Streamable HTTP: with a session (2025-11-25), and without one (2026-07-28). They share the wire form of
 * messages with the tests' clients, and not the connections: the generator must be cheaper than any server.
 */
import {
  ENVELOPE,
  initializeParams,
  sessionHeaders,
  statelessHeaders,
} from '../test/support/eras/messages.ts';
import { assertEchoed, assertListed, type BenchClient, echoMessage, type Reply } from './bench-client.ts';
import { PostConnection } from './raw-http.ts';

const ACCEPT = 'Accept: application/json, text/event-stream\r\n';
const REVISION = '2025-11-25';
/** Headers as text, by method: they are the same in each request. */
const STATELESS: Readonly<Record<string, string>> = {
  'tools/call': lines(statelessHeaders('tools/call', 'echo')),
  'tools/list': lines(statelessHeaders('tools/list')),
};

abstract class EndpointClient implements BenchClient {
  private readonly posts: PostConnection;
  private readonly mark: string;
  private lastId = 0;

  constructor(posts: PostConnection, mark: string) {
    this.posts = posts;
    this.mark = mark;
  }

  async echo(): Promise<void> {
    const message = echoMessage(`${this.mark} ${this.lastId}`);
    const { reply } = await this.request('tools/call', { name: 'echo', arguments: { message } });
    assertEchoed(reply, message);
  }

  async list(tools: number): Promise<void> {
    assertListed((await this.request('tools/list', {})).reply, tools);
  }

  close(): void {}

  protected abstract headersOf(method: string): string;
  protected abstract paramsOf(params: object): object;

  protected async request(method: string, params: object): Promise<{ reply: Reply; head: string }> {
    const id = (this.lastId += 1);
    const text = JSON.stringify({ jsonrpc: '2.0', id, method, params: this.paramsOf(params) });
    const { status, head, body } = await this.posts.post('/mcp', text, ACCEPT + this.headersOf(method));
    if (status !== 200) throw new Error(`A request was answered ${status}: ${body}`);
    const reply = JSON.parse(body) as Reply;
    if (reply.id !== id) throw new Error(`A reply to ${reply.id} where one to ${id} was due`);
    return { reply, head };
  }
}

export class SessionClient extends EndpointClient {
  private session = '';

  /** Opens a session and takes it through `initialize`. */
  static async open(posts: PostConnection, mark: string): Promise<SessionClient> {
    const client = new SessionClient(posts, mark);
    const { reply, head } = await client.request('initialize', initializeParams(REVISION));
    const id = /\r\nmcp-session-id: (\S+)/i.exec(head)?.[1];
    if (reply.result?.serverInfo === undefined || id === undefined) throw new Error('No session was opened');
    client.session = lines(sessionHeaders(id, REVISION));
    return client;
  }

  protected override headersOf(): string {
    return this.session;
  }

  protected override paramsOf(params: object): object {
    return params;
  }
}

export class StatelessClient extends EndpointClient {
  protected override headersOf(method: string): string {
    return STATELESS[method]!;
  }

  protected override paramsOf(params: object): object {
    return { ...params, _meta: ENVELOPE };
  }
}

/** Whole lines of a list of name, value, name, value. */
function lines(headers: readonly string[]): string {
  return headers.map((text, at) => text + (at % 2 === 0 ? ': ' : '\r\n')).join('');
}
