/**
 * A minimal HTTP/1.1 client on raw sockets. It is cheap, so that a server never waits for the generator. Bytes are read
 * as Latin-1, so that lengths are byte lengths; the benchmark sends only ASCII.
 */
import { connect, type Socket } from 'node:net';

export interface Target {
  readonly port: number;
  /** The value of the Host header. */
  readonly host: string;
  readonly token: string;
}

const HEAD_END = '\r\n\r\n';
const LAST_CHUNK = '\r\n0\r\n\r\n';

function open(port: number): Socket {
  return connect({ port, host: '127.0.0.1', noDelay: true }).setEncoding('latin1');
}

function headersFor({ host, token }: Target): string {
  return `Host: ${host}\r\nAuthorization: Bearer ${token}\r\n`;
}

/** The response to a POST. */
export interface PostAnswer {
  readonly status: number;
  /** Status line and headers. */
  readonly head: string;
  readonly body: string;
}

/** A kept-alive connection that sends one POST after the other. */
export class PostConnection {
  private readonly socket: Socket;
  private readonly headers: string;
  private received = '';
  private done: ((answer: PostAnswer) => void) | undefined;
  private failed: ((error: Error) => void) | undefined;

  constructor(target: Target) {
    this.headers = `${headersFor(target)}Content-Type: application/json\r\nContent-Length: `;
    this.socket = open(target.port);
    this.socket.on('data', (text: unknown) => this.read(text as string));
    this.socket.on('error', (error) => this.failed?.(error));
    this.socket.on('close', () => this.failed?.(new Error('The server closed a connection')));
  }

  /** Resolves when the whole response has arrived. One POST at a time. `headers`: whole lines. */
  post(path: string, body: string, headers = ''): Promise<PostAnswer> {
    return new Promise((resolve, reject) => {
      this.done = resolve;
      this.failed = reject;
      if (this.socket.destroyed) reject(new Error('The server has closed a connection'));
      const head = `POST ${path} HTTP/1.1\r\n${headers}${this.headers}${body.length}`;
      this.socket.write(head + HEAD_END + body, 'latin1');
    });
  }

  close(): void {
    this.failed = undefined;
    this.socket.destroy();
  }

  private read(text: string): void {
    this.received += text;
    const headEnd = this.received.indexOf(HEAD_END);
    if (headEnd === -1) return;
    const head = this.received.slice(0, headEnd);
    const start = headEnd + HEAD_END.length;
    const end = bodyEnd(this.received, head, start);
    if (end === -1 || this.received.length < end) return;
    const body = this.received.slice(start, end);
    this.received = this.received.slice(end);
    this.done?.({ status: Number(head.slice(9, 12)), head, body });
  }
}

/** The end of the body that begins at `start`; -1: not known yet. */
function bodyEnd(received: string, head: string, start: number): number {
  const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
  if (length !== undefined) return start + Number(length);
  const last = received.indexOf(LAST_CHUNK, start);
  return last === -1 ? -1 : last + LAST_CHUNK.length;
}

/** A stream of server-sent events. */
export class EventStream {
  private readonly socket: Socket;
  private readonly onEvent: (name: string, data: string) => void;
  private headRead = false;
  private chunked = false;
  private received = '';
  private body = '';

  constructor(
    target: Target,
    onEvent: (name: string, data: string) => void,
    onFailure: (error: Error) => void,
  ) {
    this.onEvent = onEvent;
    this.socket = open(target.port);
    this.socket.write(
      `GET /sse HTTP/1.1\r\n${headersFor(target)}Accept: text/event-stream${HEAD_END}`,
      'latin1',
    );
    this.socket.on('data', (text: unknown) => {
      this.received += text as string;
      if (!this.headRead && !this.readHead(onFailure)) return;
      if (this.chunked) this.readChunks();
      else this.readPlain();
      this.readEvents();
    });
    this.socket.on('error', onFailure);
    this.socket.on('end', () => onFailure(new Error('The server ended a stream')));
  }

  close(): void {
    this.socket.removeAllListeners('end').destroy();
  }

  private readHead(onFailure: (error: Error) => void): boolean {
    const headEnd = this.received.indexOf(HEAD_END);
    if (headEnd === -1) return false;
    const head = this.received.slice(0, headEnd);
    if (!head.startsWith('HTTP/1.1 200') || !/\r\ncontent-type: text\/event-stream/i.test(head)) {
      onFailure(new Error(`Not a stream: ${head}`));
    }
    this.chunked = /\r\ntransfer-encoding: chunked/i.test(head);
    this.received = this.received.slice(headEnd + HEAD_END.length);
    return (this.headRead = true);
  }

  /** A body without chunks ends with the connection. RFC 9112, section 6.3. */
  private readPlain(): void {
    this.body += this.received;
    this.received = '';
  }

  /** Moves whole chunks to the body. RFC 9112, section 7.1. */
  private readChunks(): void {
    for (let lineEnd; (lineEnd = this.received.indexOf('\r\n')) !== -1;) {
      const size = Number.parseInt(this.received.slice(0, lineEnd), 16);
      const end = lineEnd + 2 + size;
      if (this.received.length < end + 2) return;
      this.body += this.received.slice(lineEnd + 2, end);
      this.received = this.received.slice(end + 2);
    }
  }

  private readEvents(): void {
    for (let end; (end = this.body.indexOf('\n\n')) !== -1;) {
      const event = this.body.slice(0, end);
      this.body = this.body.slice(end + 2);
      // A comment, such as a heartbeat, is not an event.
      if (event.startsWith(':')) continue;
      const nameEnd = event.indexOf('\n');
      this.onEvent(event.slice('event: '.length, nameEnd), event.slice(nameEnd + '\ndata: '.length));
    }
  }
}
