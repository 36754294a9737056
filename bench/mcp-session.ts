/** A client's session over HTTP with SSE. Not the tests' client, which is dearer: test/support/raw-session.ts. */
import { initializeParams } from '../test/support/eras/messages.ts';
import { assertEchoed, assertListed, type BenchClient, echoMessage, type Reply } from './bench-client.ts';
import { EventStream, PostConnection, type Target } from './raw-http.ts';

export class McpSession implements BenchClient {
  private readonly stream: EventStream;
  private readonly posts: PostConnection;
  private endpoint: string | undefined;
  private lastId = 0;
  private failure: Error | undefined;
  private resolve: (value: string) => void = () => {};
  private reject: (error: Error) => void = () => {};

  private constructor(target: Target, posts: PostConnection) {
    this.posts = posts;
    this.stream = new EventStream(
      target,
      (name, data) => this.take(name, data),
      (error) => {
        this.failure = error;
        this.reject(error);
      },
    );
  }

  /** Opens a session and takes it through `initialize` and `initialized`. */
  static async open(target: Target, posts: PostConnection): Promise<McpSession> {
    const session = new McpSession(target, posts);
    await session.next();
    const { result } = await session.request('initialize', initializeParams('2024-11-05'));
    if (result?.serverInfo === undefined) throw new Error('initialize was not answered');
    await session.post({ jsonrpc: '2.0', method: 'notifications/initialized' });
    return session;
  }

  /** One echo call. Rejects unless the reply is exactly the expected one. */
  async echo(): Promise<void> {
    const message = echoMessage(`${this.endpoint} ${this.lastId}`);
    assertEchoed(await this.request('tools/call', { name: 'echo', arguments: { message } }), message);
  }

  /** One `tools/list`. Rejects unless it names `tools` tools. */
  async list(tools: number): Promise<void> {
    assertListed(await this.request('tools/list'), tools);
  }

  /** Throws if the server has already ended the stream. */
  close(): void {
    if (this.failure !== undefined) throw this.failure;
    this.stream.close();
  }

  private async request(method: string, params?: object): Promise<Reply> {
    const id = (this.lastId += 1);
    const replied = this.next();
    // Both are awaited below; a stream that breaks earlier must not cause an unhandled rejection.
    const [, text] = await Promise.all([this.post({ jsonrpc: '2.0', id, method, params }), replied]);
    const reply = JSON.parse(text) as Reply;
    if (reply.id !== id) throw new Error(`A reply to ${reply.id} where one to ${id} was due`);
    return reply;
  }

  private async post(message: object): Promise<void> {
    const { status } = await this.posts.post(this.endpoint!, JSON.stringify(message));
    if (status !== 202) throw new Error(`A message was answered ${status}`);
  }

  /** The data of the next event. */
  private next(): Promise<string> {
    return new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  private take(name: string, data: string): void {
    if (name === 'endpoint') this.endpoint = data;
    else if (name !== 'message') this.reject(new Error(`An event called ${name}`));
    this.resolve(data);
    // An event that arrives before it is requested is an unexpected reply.
    this.resolve = () => {
      throw new Error('A reply to no request');
    };
  }
}
