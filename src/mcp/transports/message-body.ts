import type { IncomingMessage } from 'node:http';
import { freeBytes } from '../limits/garbage.js';
import type { ByteHold } from '../limits/in-flight.budgets.js';
import { RefusedError } from '../messages/refused.error.js';
import { BodyBuffer } from './body-buffer.js';

const CONTENT_TYPE = 'content-type';
const CHARSET = 'charset=';
/** The name, a common alias, and both quoted as RFC 9110 allows. */
const UTF8: ReadonlySet<string> = new Set(['utf-8', 'utf8', '"utf-8"', '"utf8"']);
const NOT_ENCODED: ReadonlySet<string> = new Set(['', 'identity']);

/** The announced size of a body in bytes; undefined where it is chunked. */
export function announcedBytes({ headers }: IncomingMessage): number | undefined {
  if (headers['transfer-encoding'] !== undefined) return undefined;
  return Number(headers['content-length'] ?? 0);
}

/**
 * Refuses with 400 a request with a body where none is read: it would stay unread while the stream of a GET is open.
 * RFC 9112, section 6.3.
 */
export function assertNoBody({ headers }: IncomingMessage): void {
  if (headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0) return;
  throw new RefusedError('unwanted_body', 'A request with this method must have no body');
}

/** Refuses a body that is not `application/json` in UTF-8 (415), is compressed (415), or has two media types (400). */
export function assertMediaType({ headers, rawHeaders }: IncomingMessage): void {
  // Node keeps the first of two, while a proxy may have read the second.
  if (isGivenTwice(rawHeaders, CONTENT_TYPE)) {
    throw new RefusedError('ambiguous_header', 'The Content-Type header is given more than once');
  }
  // The value that nearly every client sends.
  if (headers[CONTENT_TYPE] === 'application/json' && headers['content-encoding'] === undefined) return;
  const [mediaType = '', ...parameters] = (headers[CONTENT_TYPE] ?? '').toLowerCase().split(';');
  const charset = parameters
    .map((parameter) => parameter.trim())
    .find((parameter) => parameter.startsWith(CHARSET));
  if (
    mediaType.trim() !== 'application/json' ||
    (charset !== undefined && !UTF8.has(charset.slice(CHARSET.length)))
  ) {
    throw new RefusedError('unsupported_media_type', 'Content-Type must be application/json, in UTF-8');
  }
  const encodings = (headers['content-encoding'] ?? '').toLowerCase().split(',');
  if (!encodings.every((encoding) => NOT_ENCODED.has(encoding.trim()))) {
    throw new RefusedError('unsupported_encoding', 'A compressed body is not accepted');
  }
}

function isGivenTwice(rawHeaders: readonly string[], name: string): boolean {
  let times = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const given = rawHeaders[at]!;
    if (given.length === name.length && given.toLowerCase() === name) times += 1;
  }
  return times > 1;
}

/**
 * Reads a body; `hold` grows with it. Refuses one larger than `maxBytes` (413, announced or not), or incomplete (400);
 * rejects with `BudgetExceededError` where too much is held for its sender.
 */
export function readBytes(
  request: IncomingMessage,
  maxBytes: number,
  hold: ByteHold,
): Buffer | Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  return request.complete ? readArrived(request, maxBytes, hold) : readArriving(request, maxBytes, hold);
}

/** A small body usually comes with the headers, and needs no listeners. */
function readArrived(request: IncomingMessage, maxBytes: number, hold: ByteHold): Buffer {
  const bytes = (request.read() as Buffer | null) ?? Buffer.alloc(0);
  if (bytes.length > maxBytes) throw tooLarge(maxBytes);
  hold.resize(bytes.length);
  return bytes;
}

function readArriving(request: IncomingMessage, maxBytes: number, hold: ByteHold): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const body = new BodyBuffer(maxBytes);
    let isRefused = false;
    // The rest is read and dropped: a client that is still sending would not receive the response if the connection
    // closed.
    const refuse = (error: unknown): void => {
      isRefused = true;
      body.drop();
      reject(error);
    };
    request.on('data', (chunk: Buffer) => {
      if (isRefused) return freeBytes(chunk);
      if (!body.add(chunk)) return refuse(tooLarge(maxBytes));
      try {
        hold.resize(body.heldBytes);
      } catch (error) {
        refuse(error);
      }
    });
    request.once('end', () => resolve(body.take()));
    const failed = (): void => {
      // Also emitted after a complete body; an exception costs more than the rest of this function.
      if (request.complete) return;
      body.drop();
      reject(new RefusedError('incomplete_body', 'The body ended early'));
    };
    request.once('close', failed);
    request.once('error', failed);
  });
}

/** The properties that a body parser in front of the server sets on a request. */
interface ParsedRequest extends IncomingMessage {
  readonly body?: unknown;
  /** The bytes themselves, where the application keeps them: Nest's option `rawBody`. */
  readonly rawBody?: unknown;
}

/**
 * The body, if the application has read it already; undefined if it is still unread. Refuses a body larger than
 * `maxBytes` (413), and a body that was read but not kept (500).
 */
export function readBefore(request: ParsedRequest, maxBytes: number): Buffer | undefined {
  const { body, rawBody = body } = request;
  if (rawBody === undefined) {
    if (request.readableDidRead) throw new RefusedError('consumed_body', CONSUMED);
    return undefined;
  }
  const bytes = Buffer.isBuffer(rawBody) ? rawBody : Buffer.from(textOf(rawBody));
  if (bytes.length > maxBytes) throw tooLarge(maxBytes);
  return bytes;
}

const CONSUMED = 'The body was read before it reached the MCP server, and is not there';

/** Serialized again, so that the limits of a message apply to it. */
function textOf(parsed: unknown): string {
  try {
    return typeof parsed === 'string' ? parsed : JSON.stringify(parsed);
  } catch {
    throw new RefusedError('too_deep', 'The message is nested too deeply');
  }
}

function tooLarge(maxBytes: number): RefusedError {
  return new RefusedError('body_too_large', `The body is over ${maxBytes} bytes`);
}
