import type { RefusalCode } from '../../audit/index.js';
import { HttpStatus } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { RequestRefused } from '../sessions/request-refused.js';
import { parseJson } from './json-text.js';

const CONTENT_TYPE = 'content-type';
const CHARSET = 'charset=';
/** The name, what many clients call it, and both as RFC 9110 allows to quote them. */
const UTF8: ReadonlySet<string> = new Set(['utf-8', 'utf8', '"utf-8"', '"utf8"']);
const NOT_ENCODED: ReadonlySet<string> = new Set(['', 'identity']);

/**
 * Reads a request's body as JSON. Refuses what is not `application/json` in UTF-8 (415), is compressed
 * (415), has two media types (400), is larger than `maxBytes` (413, whether or not it was announced), nests deeper than 64 levels or
 * has more than 100,000 elements (400), or is not JSON (400, −32700). Nothing of the body is in the error.
 */
export async function readJsonBody(request: IncomingMessage, maxBytes: number): Promise<unknown> {
  assertMediaType(request);
  return parseJson(await readBytes(request, maxBytes));
}

function assertMediaType({ headers, rawHeaders }: IncomingMessage): void {
  // Of two, Node keeps the first, and a proxy on the way may have read the other.
  if (isGivenTwice(rawHeaders, CONTENT_TYPE)) {
    throw refused('ambiguous_header', 'The Content-Type header is given more than once');
  }
  // What nearly every client sends.
  if (headers[CONTENT_TYPE] === 'application/json' && headers['content-encoding'] === undefined) return;
  const [mediaType = '', ...parameters] = (headers[CONTENT_TYPE] ?? '').toLowerCase().split(';');
  const charset = parameters
    .map((parameter) => parameter.trim())
    .find((parameter) => parameter.startsWith(CHARSET));
  if (
    mediaType.trim() !== 'application/json' ||
    (charset !== undefined && !UTF8.has(charset.slice(CHARSET.length)))
  ) {
    throw unsupported('unsupported_media_type', 'Content-Type must be application/json, in UTF-8');
  }
  const encodings = (headers['content-encoding'] ?? '').toLowerCase().split(',');
  if (!encodings.every((encoding) => NOT_ENCODED.has(encoding.trim()))) {
    throw unsupported('unsupported_encoding', 'A compressed body is not accepted');
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

function readBytes(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBytes) return void chunks.push(chunk);
      // The rest is read and dropped: closing on a client that is still sending would lose it the answer.
      chunks.length = 0;
      reject(tooLarge(maxBytes));
    });
    request.once('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    const failed = (): void => {
      // Also heard after a body that has arrived whole; an exception costs more than the rest of this.
      if (!request.complete) reject(refused('incomplete_body', 'The body ended early'));
    };
    request.once('close', failed);
    request.once('error', failed);
  });
}

function refused(reason: RefusalCode, message: string): RequestRefused {
  return new RequestRefused(HttpStatus.BAD_REQUEST, reason, message);
}

function unsupported(reason: RefusalCode, message: string): RequestRefused {
  return new RequestRefused(HttpStatus.UNSUPPORTED_MEDIA_TYPE, reason, message);
}

function tooLarge(maxBytes: number): RequestRefused {
  return new RequestRefused(
    HttpStatus.PAYLOAD_TOO_LARGE,
    'body_too_large',
    `The body is over ${maxBytes} bytes`,
  );
}
