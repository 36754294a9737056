import type { IncomingMessage } from 'node:http';
import { freeBytes } from '../limits/garbage.js';
import type { BudgetHold } from '../limits/in-flight.budgets.js';
import { RefusedError } from '../messages/refused.error.js';
import { BodyBuffer } from './body-buffer.js';

const CONTENT_TYPE = 'content-type';
const CHARSET = 'charset=';
/** The name, a common alias, and both quoted as RFC 9110 allows. */
const UTF8: ReadonlySet<string> = new Set(['utf-8', 'utf8', '"utf-8"', '"utf8"']);
const NOT_ENCODED: ReadonlySet<string> = new Set(['', 'identity']);

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
  let times = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!;
    if (name.length === CONTENT_TYPE.length && name.toLowerCase() === CONTENT_TYPE) times += 1;
  }
  // Node keeps the first of two, while a proxy may have read the second.
  if (times > 1) {
    throw new RefusedError('ambiguous_header', 'The Content-Type header is given more than once');
  }
  const { [CONTENT_TYPE]: type, 'content-encoding': encoding } = headers;
  // The value that nearly every client sends.
  if (type !== 'application/json') assertJsonInUtf8(type ?? '');
  if (encoding === undefined) return;
  const encodings = encoding.toLowerCase().split(',');
  if (!encodings.every((one) => NOT_ENCODED.has(one.trim()))) {
    throw new RefusedError('unsupported_encoding', 'A compressed body is not accepted');
  }
}

function assertJsonInUtf8(type: string): void {
  const [mediaType = '', ...parameters] = type.toLowerCase().split(';');
  const charset = parameters
    .map((parameter) => parameter.trim())
    .find((parameter) => parameter.startsWith(CHARSET));
  const isUtf8 = charset === undefined || UTF8.has(charset.slice(CHARSET.length));
  if (mediaType.trim() === 'application/json' && isUtf8) return;
  throw new RefusedError('unsupported_media_type', 'Content-Type must be application/json, in UTF-8');
}

/** The properties that a body parser in front of the server sets on a request. */
interface ParsedRequest extends IncomingMessage {
  readonly body?: unknown;
  /** The bytes themselves, where the application keeps them: Nest's option `rawBody`. */
  readonly rawBody?: unknown;
}

/**
 * The body of a request, read here or by the application before; `hold` grows with it. Refuses one larger than
 * `maxBytes` (413, announced or not), an incomplete one (400), and one that was read before and not kept (500). Throws or
 * rejects with `BudgetExceededError` where too much is held for its sender.
 */
export function readBody(
  request: ParsedRequest,
  maxBytes: number,
  hold: BudgetHold,
): Buffer | Promise<Buffer> {
  const { body, rawBody = body } = request;
  if (rawBody === undefined) {
    if (request.readableDidRead) throw new RefusedError('consumed_body', CONSUMED);
    if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
    if (!request.complete) return readArriving(request, maxBytes, hold);
  }
  // A small body usually comes with the headers, and needs no listeners.
  const bytes =
    rawBody === undefined ? ((request.read() as Buffer | null) ?? Buffer.alloc(0)) : bytesOf(rawBody);
  if (bytes.length > maxBytes) throw tooLarge(maxBytes);
  hold.resize(bytes.length);
  return bytes;
}

/** Frees a large body that was read here now, rather than at the next collection: its memory is not shared. */
export function freeBody({ body, rawBody = body }: ParsedRequest, bytes: Buffer): void {
  if (rawBody === undefined) (bytes.buffer as ArrayBuffer).transfer(0);
}

function readArriving(request: IncomingMessage, maxBytes: number, hold: BudgetHold): Promise<Buffer> {
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

const CONSUMED = 'The body was read before it reached the MCP server, and is not there';

/** A parsed body is serialized again, so that the limits of a message apply to it. */
function bytesOf(body: unknown): Buffer {
  if (Buffer.isBuffer(body)) return body;
  try {
    return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  } catch {
    throw new RefusedError('too_deep', 'The message is nested too deeply');
  }
}

function tooLarge(maxBytes: number): RefusedError {
  return new RefusedError('body_too_large', `The body is over ${maxBytes} bytes`);
}
