import type { IncomingMessage, ServerResponse } from 'node:http';
import { CallLog } from '../../../src/mcp/invocation/call.log.js';
import type { TestApp } from '../../support/test-app.js';
import { Exchange } from './exchange.js';
import type { Asked, Heard, History, Message, Run } from './history.js';

const ROUTE = /^\/(mcp|message|sse|auth\/revoke)\b/;
/** The name of a stream in the ids of its events. */
const NAME = /^(reply-[^.]+|standalone-[^.]+)\./;

interface Noted extends Asked {
  /** The session and the id of the request. */
  readonly key: string;
  readonly exchange: Exchange;
  readonly isRequest: boolean;
  readonly sent: Sent;
}

/** A request, which may have been sent again. */
interface Sent {
  readonly mark: string;
  readonly content: string;
  readonly asked: Noted[];
  /** On another connection than that of its request. */
  isReplied: boolean;
}

/**
 * Writes down what clients send to nodes in this process and what is sent to them, for the checker. A session is named
 * by its user and its id: the session of another user is one that was never opened.
 */
export class Recording {
  private readonly asked: Noted[] = [];
  private readonly heard: Heard[] = [];
  private readonly runs: Run[] = [];
  private readonly opened = new Set<string>();
  private readonly ended = new Map<string, number>();
  private readonly revoked = new Map<string, number>();
  private readonly sent = new Map<string, Sent>();
  /** The requests of streams and of progress, by the names of these. */
  private readonly owners = new Map<string, string>();

  attach(node: string, { app }: TestApp): void {
    app.getHttpServer().prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
      if (ROUTE.test(request.url ?? '')) this.take(new Exchange(request, response));
    });
    const log = app.get(CallLog, { strict: false });
    const begun = log.begun.bind(log);
    log.begun = (call, operation) => {
      const sent = this.sent.get(keyOf(`${call.user.subject} ${call.session.id}`, call.id));
      if (sent !== undefined) this.runs.push({ what: 'begin', mark: sent.mark, node });
      begun(call, operation);
    };
  }

  /** What happened so far. */
  get history(): History {
    const ended = new Map(this.ended);
    const asked = this.asked.flatMap(({ exchange, isRequest, key: _key, sent: _sent, ...one }) => {
      const { status, retryAfter, ms, hasBroken } = exchange;
      if (status === undefined && !hasBroken) return [];
      if (!this.opened.has(one.session) && exchange.sessionId !== undefined) {
        ended.set(one.session, Number.NEGATIVE_INFINITY);
      }
      // Whether a client or the node has ended the connection is not known here.
      const needsNoReply = one.needsNoReply === true || hasBroken;
      const isAccepted = status === 202 && exchange.path === '/message' && isRequest;
      return { ...one, status: isAccepted ? 200 : (status ?? 0), retryAfter, ms, needsNoReply };
    });
    const { heard, runs, revoked } = this;
    return { asked, heard, runs, ended, revoked };
  }

  /** A session has ended for another reason than that its client wanted it. */
  end(sessionId: string): void {
    for (const session of this.opened) {
      if (session.endsWith(` ${sessionId}`)) this.ended.set(session, performance.now());
    }
  }

  private take(exchange: Exchange): void {
    const { session } = exchange;
    let own: Noted[] = [];
    exchange.onMessages = (messages) => (own = messages.map((message) => this.note(exchange, message)));
    exchange.onEvent = (message, id) => this.hear(exchange, own, message, id);
    exchange.onEndpoint = (id) => {
      this.opened.add(exchange.nameOf(id));
      exchange.whenClosed(() => this.ended.set(exchange.nameOf(id), performance.now()));
    };
    exchange.whenClosed(() => {
      const { status, openedId, path, method, credential } = exchange;
      if (openedId !== undefined) this.opened.add(exchange.nameOf(openedId));
      if (method === 'DELETE' && status === 204) this.ended.set(session, performance.now());
      if (path === '/auth/revoke' && status === 200) this.revoked.set(credential, performance.now());
    });
    // What is refused before it is read, and requests without a body.
    exchange.onAnswer = () => {
      if (own.length === 0) own = [this.note(exchange, {})];
    };
  }

  private note(exchange: Exchange, message: Message): Noted {
    const { id, method, params } = message;
    const { session, at, credential } = exchange;
    const isRequest = method !== undefined && isId(id);
    if (method === 'notifications/cancelled') this.excuse(session, params?.requestId);
    const key = keyOf(session, isRequest ? id : `${exchange.method} ${this.asked.length}`);
    const content = JSON.stringify(message);
    let sent = this.sent.get(key);
    if (sent === undefined || isOver(sent, content)) {
      sent = { mark: `${key} #${this.asked.length}`, content, asked: [], isReplied: false };
      this.sent.set(key, sent);
    }
    const { mark } = sent;
    // A subscription is answered at its end.
    const needsNoReply = !isRequest || method === 'subscriptions/listen';
    const asked: Noted = { session, mark, at, credential, needsNoReply, isRequest, key, sent, exchange };
    sent.asked.push(asked);
    this.asked.push(asked);
    const token = params?.['_meta']?.progressToken;
    if (token !== undefined) this.owners.set(keyOf(session, token), mark);
    return asked;
  }

  private excuse(session: string, id: unknown): void {
    for (const asked of this.sent.get(keyOf(session, id))?.asked ?? []) asked.needsNoReply = true;
  }

  /** Messages are written down with the marks of their requests in place of ids and tokens. */
  private hear(exchange: Exchange, own: readonly Noted[], message: Message, event: string): void {
    if (exchange.status !== 200) return;
    const { id, method, params } = message;
    const isPost = exchange.method === 'POST';
    const session = exchange.stream === '' ? exchange.session : exchange.stream;
    const key = keyOf(session, id);
    const isReply = method === undefined && isId(id);
    const name = NAME.exec(event)?.[1] ?? '';
    let stream = exchange.stream === '' ? (this.owners.get(name) ?? name) : session;
    let sent = isReply ? this.sent.get(key) : undefined;
    if (isPost) {
      const asked = own.find((one) => one.key === key) ?? own[0]!;
      stream = asked.mark;
      if (isReply) sent = asked.sent;
      if (name !== '') this.owners.set(name, stream);
    }
    if (sent !== undefined) {
      sent.isReplied ||= !isPost;
      for (const asked of sent.asked) asked.text = sent.mark;
    }
    const progressToken = this.owners.get(keyOf(session, params?.progressToken));
    this.heard.push({
      session,
      stream,
      at: performance.now(),
      message:
        sent === undefined
          ? { ...message, params: { ...params, progressToken } }
          : { ...message, id: sent.mark },
      event,
    });
  }
}

function keyOf(session: string, id: unknown): string {
  return `${session} ${JSON.stringify(id)}`;
}

function isId(id: Message['id']): id is string | number {
  return id !== undefined && id !== null;
}

/** The next request of this id is another one. Where the connection broke, or over `/sse`, it may be the same one. */
function isOver({ asked, content, isReplied }: Sent, next: string): boolean {
  if (content !== next) return true;
  const isSse = asked[0]!.exchange.path === '/message';
  return !isSse && (isReplied || asked.every(({ exchange }) => exchange.isFinished));
}
