import type { IncomingMessage, ServerResponse } from 'node:http';
import { StringDecoder } from 'node:string_decoder';
import type { Message } from './history.js';

/** A request to a node in this process, and its response, observed at the node. */
export class Exchange {
  readonly at = performance.now();
  readonly path: string;
  readonly method: string;
  /** The token. */
  readonly credential: string;
  readonly sessionId: string | undefined;
  /** Calls back before the first byte of the response. */
  onAnswer: () => void = () => undefined;
  /** Calls back with the messages of the request, before the node has them. */
  onMessages: (messages: readonly Message[]) => void = () => undefined;
  /** Calls back with each message of the response; the id is empty where it has none. */
  onEvent: (message: Message, id: string) => void = () => undefined;
  /** Calls back with the id of the session of a stream of `/sse`. */
  onEndpoint: (sessionId: string) => void = () => undefined;
  /** How long it took. Undefined: it has not ended. */
  ms: number | undefined;
  /** The session of this stream of `/sse`. */
  stream = '';
  private readonly headers = new Map<string, string>();
  private readonly sent: Buffer[] = [];
  private readonly decoder = new StringDecoder('utf8');
  private rest = '';

  constructor(
    request: IncomingMessage,
    private readonly response: ServerResponse,
  ) {
    const { headers, url = '', method = '' } = request;
    const { pathname, searchParams } = new URL(url, 'http://node');
    this.path = pathname;
    this.method = method;
    this.credential = headers.authorization?.replace('Bearer ', '') ?? '';
    const header = headers['mcp-session-id'];
    this.sessionId = typeof header === 'string' ? header : (searchParams.get('sessionId') ?? undefined);
    this.observeBody(request);
    this.observeResponse();
    this.whenClosed(() => (this.ms = performance.now() - this.at));
  }

  /** The session as its user names it. */
  get session(): string {
    return this.nameOf(this.sessionId ?? `none ${this.at}`);
  }

  nameOf(sessionId: string): string {
    return `${subjectOf(this.credential)} ${sessionId}`;
  }

  /** Undefined: not answered. */
  get status(): number | undefined {
    return this.response.headersSent ? this.response.statusCode : undefined;
  }

  get retryAfter(): string | null {
    return this.header('retry-after') ?? null;
  }

  /** The session that `initialize` has opened. */
  get openedId(): string | undefined {
    return this.header('mcp-session-id');
  }

  /** The system has accepted the whole response. */
  get isFinished(): boolean {
    return this.response.writableFinished;
  }

  /** The connection has closed before the end of the response. */
  get hasBroken(): boolean {
    return this.response.closed && !this.isFinished;
  }

  whenClosed(listener: () => void): void {
    this.response.once('close', listener);
  }

  private observeBody(request: IncomingMessage): void {
    const length = Number(request.headers['content-length']);
    const chunks: Buffer[] = [];
    const emit = request.emit.bind(request);
    request.emit = (event: string, ...args: unknown[]) => {
      if (event === 'data') {
        chunks.push(args[0] as Buffer);
        const body = Buffer.concat(chunks);
        if (body.length === length) this.onMessages(messagesIn(body.toString()));
      }
      return emit(event, ...args);
    };
  }

  private observeResponse(): void {
    const { response } = this;
    const writeHead = response.writeHead.bind(response) as (...args: unknown[]) => ServerResponse;
    response.writeHead = (...args: unknown[]) => {
      this.onAnswer();
      const headers = args.find((argument) => typeof argument === 'object') ?? {};
      for (const [name, value] of Object.entries(headers))
        this.headers.set(name.toLowerCase(), String(value));
      return writeHead(...args);
    };
    for (const name of ['write', 'end'] as const) {
      const original = response[name].bind(response) as (...args: unknown[]) => unknown;
      Object.assign(response, {
        [name]: (...args: unknown[]) => {
          const [chunk] = args;
          const result = original(...args);
          if (typeof chunk === 'string' || chunk instanceof Uint8Array) this.keep(Buffer.from(chunk));
          if (name === 'end') this.endOfBody();
          return result;
        },
      });
    }
  }

  private get isStream(): boolean {
    return this.header('content-type')?.startsWith('text/event-stream') === true;
  }

  private header(name: string): string | undefined {
    return this.headers.get(name) ?? (this.response.getHeader(name) as string | undefined);
  }

  private keep(chunk: Buffer): void {
    if (!this.isStream) return void this.sent.push(chunk);
    const blocks = (this.rest + this.decoder.write(chunk)).split('\n\n');
    this.rest = blocks.pop()!;
    for (const block of blocks) {
      const field = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? '';
      const data = field('data');
      if (field('event') === 'endpoint') {
        const id = new URL(data, 'http://node').searchParams.get('sessionId')!;
        this.stream = this.nameOf(id);
        this.onEndpoint(id);
      } else if (data !== '') this.onEvent(JSON.parse(data) as Message, field('id'));
    }
  }

  private endOfBody(): void {
    if (this.isStream) return;
    for (const message of messagesIn(Buffer.concat(this.sent.splice(0)).toString()))
      this.onEvent(message, '');
  }
}

/** None: it is no JSON-RPC. */
function messagesIn(text: string): readonly Message[] {
  try {
    const value = JSON.parse(text) as Message | Message[];
    return [value].flat().filter((message) => 'jsonrpc' in message);
  } catch {
    return [];
  }
}

/** The user of a token. Empty: it is none. */
function subjectOf(token: string): string {
  try {
    const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString();
    return (JSON.parse(payload) as { sub: string }).sub;
  } catch {
    return '';
  }
}
