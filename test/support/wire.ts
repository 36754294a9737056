import { type IncomingHttpHeaders, request } from 'node:http';
import { connect } from 'node:net';
import { journal } from '../canary/journal.js';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body, if it is JSON. */
  readonly json: unknown;
}

export interface Sending {
  readonly method?: string;
  readonly token?: string;
  /** The raw headers: name, value, name, value. Without a `Host`, the valid one is added. */
  readonly headers?: readonly string[];
  readonly body?: string | Uint8Array;
  /** Sends only the headers, and never the announced body. */
  readonly withholdBody?: boolean;
}

/** Time limit of a response. High, since a busy machine is slow. */
const MAX_WAIT_MS = 60_000;

/** Sends one request on a separate connection, with exactly these headers. A stream is cut after its headers. */
export function send(url: string, sending: Sending = {}): Promise<Answer> {
  const { method = 'GET', body, withholdBody = false } = sending;
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const sent = request(url, { method, headers: headersOf(url, sending), agent: false }, (response) => {
    const { statusCode: status = 0, headers } = response;
    const finish = (text: string): void => {
      if (status >= 400) journal('error', `${JSON.stringify(headers)} ${text.replaceAll('\n', ' ')}\n`);
      resolve({ status, headers, text, json: parse(text) });
      sent.destroy();
    };
    if (headers['content-type']?.startsWith('text/event-stream')) return finish('');
    let text = '';
    response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    response.once('end', () => finish(text)).once('error', reject);
  });
  sent.setTimeout(MAX_WAIT_MS, () => sent.destroy(new Error(`no answer within ${MAX_WAIT_MS} ms`)));
  sent.once('error', reject).on('error', () => undefined);
  if (withholdBody) sent.flushHeaders();
  else sent.end(body);
  return promise;
}

function headersOf(url: string, { method, token, headers = [], body }: Sending): string[] {
  const names = new Set(headers.filter((_text, index) => index % 2 === 0).map((name) => name.toLowerCase()));
  const own = ['Connection', 'close'];
  if (!names.has('host')) own.push('Host', new URL(url).host);
  if (token !== undefined) own.push('Authorization', `Bearer ${token}`);
  const isFramed = names.has('content-length') || names.has('transfer-encoding');
  if (!isFramed && (body !== undefined || method === 'POST')) {
    own.push('Content-Length', String(Buffer.byteLength(body ?? '')));
  }
  return [...own, ...headers];
}

export interface RawAnswer {
  /** The whole text that the server sent. */
  readonly text: string;
  /** The status of each response, in order. */
  readonly statuses: readonly number[];
  /** The body of the last response, if it is JSON of a known length. */
  readonly json: unknown;
}

/**
 * Writes bytes to the server unchanged, and waits until it has closed the connection. With `hangUp` this side ends the
 * connection first.
 */
export function sendBytes(url: string, bytes: string | Uint8Array, hangUp = false): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  const { promise, resolve, reject } = Promise.withResolvers<RawAnswer>();
  let text = '';
  const socket = connect(Number(port), hostname, () => (hangUp ? socket.end(bytes) : socket.write(bytes)));
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  socket.setTimeout(MAX_WAIT_MS, () => {
    socket.destroy();
    reject(new Error(`the connection is still open; so far: ${text}`));
  });
  socket.on('error', () => undefined);
  socket.once('close', () => resolve(readRaw(text)));
  return promise;
}

export function readRaw(text: string): RawAnswer {
  const statuses = [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
  return { text, statuses, json: parse(text.slice(text.lastIndexOf('\r\n\r\n') + 4)) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
