import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import type { Answer } from '../wire.js';
import type { Reply } from '../raw-session.js';
import { EventReader } from '../sse.js';
import type { Notice } from './era.js';

/** Requests that a failed test may have left open: Jest would not exit. */
const open = new Set<ClientRequest>();
afterAll(() => open.forEach((sent) => sent.destroy()));

/** One POST, and its response: JSON, or a stream of events. */
export class Exchange {
  readonly notices: Notice[] = [];
  readonly replies: Reply[] = [];
  /** Rejects if the connection broke before the status arrived. */
  readonly answer: Promise<Answer>;
  /** Resolves when the response has ended for any reason. */
  readonly ended: Promise<void>;
  private readonly sent: ClientRequest;
  private readonly events = new EventReader();

  constructor(url: string, headers: readonly string[], body: string, onNotice: (notice: Notice) => void) {
    this.sent = request(url, { method: 'POST', headers, agent: false });
    open.add(this.sent);
    this.answer = new Promise((resolve, reject) => {
      this.sent.once('error', reject);
      this.sent.once('response', (response) => this.read(response, onNotice, resolve));
    });
    this.ended = new Promise((resolve) => this.sent.once('close', resolve));
    this.answer.catch(() => undefined);
    this.sent.end(body);
  }

  /** Closes the connection. */
  hangUp(): void {
    this.sent.destroy();
  }

  private read(
    response: IncomingMessage,
    onNotice: (notice: Notice) => void,
    done: (answer: Answer) => void,
  ): void {
    const { statusCode: status = 0, headers } = response;
    const isStream = headers['content-type']?.startsWith('text/event-stream') === true;
    let text = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      text += chunk;
      if (isStream) this.readEvents(chunk, onNotice);
    });
    response.once('error', () => undefined);
    response.once('close', () => {
      const json = isStream ? undefined : parse(text);
      if (isReply(json)) this.replies.push(json);
      done({ status, headers, text, json: json ?? this.replies.at(-1) });
    });
  }

  private readEvents(chunk: string, onNotice: (notice: Notice) => void): void {
    for (const { data } of this.events.read(chunk)) {
      const message = parse(data);
      if (isReply(message)) this.replies.push(message);
      else if (message !== undefined) {
        this.notices.push(message as Notice);
        onNotice(message as Notice);
      }
    }
  }
}

function isReply(message: unknown): message is Reply {
  return typeof message === 'object' && message !== null && ('result' in message || 'error' in message);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
