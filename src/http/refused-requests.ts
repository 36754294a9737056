import { type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { RefusalCode } from '../audit/index.js';

/** More than any client and its proxies send. Node keeps about as many and silently drops the rest. */
export const MAX_HEADERS = 200;

/** A request that the application does not receive. */
export interface Refusal {
  readonly code: RefusalCode;
  readonly status: number;
  readonly error: string;
  readonly description: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * A target that is no path (`http://host/path`, `*`) overrides the Host header, and one that cannot be parsed skips
 * every middleware in Express's router. RFC 9112, section 3.2.
 */
export const NO_PATH: Refusal = {
  code: 'invalid_target',
  status: 400,
  error: 'invalid_request',
  description: 'The request target must be a path',
};
export const MANY_HEADERS: Refusal = {
  code: 'invalid_request',
  status: 431,
  error: 'invalid_request',
  description: `A request may have fewer than ${MAX_HEADERS} headers`,
};
export const SURPLUS: Refusal = {
  code: 'too_many_connections',
  status: 503,
  error: 'temporarily_unavailable',
  description: 'Too many connections are open; try again',
  headers: { 'Retry-After': '5' },
};

/** Responds before the application runs, and closes the connection. */
export function answerRefused(
  response: ServerResponse,
  { status, error, description, headers }: Refusal,
): void {
  response.writeHead(status, {
    ...headers,
    'Content-Type': 'application/json; charset=utf-8',
    'Cache-Control': 'no-store',
    Connection: 'close',
  });
  response.end(JSON.stringify({ error, error_description: description }));
}

/** Status by the parser's error code. All others are 400. */
const STATUSES: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/**
 * Responds to malformed HTTP as Node does, and closes the connection; `report` receives it. RFC 9112, section 2.2. A
 * connection that broke off has requested nothing and is not reported.
 */
export function answerMalformed(
  server: Server,
  report: (address: string | undefined, status: number) => void,
): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const status = statusOf(error);
    if (status !== undefined && !socket.destroyed) {
      report(socket.remoteAddress, status);
      if (mayAnswer(socket)) {
        socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\n\r\n`);
      }
    }
    socket.destroy();
  });
}

function statusOf({ code = '' }: NodeJS.ErrnoException): number | undefined {
  return STATUSES[code] ?? (code.startsWith('HPE_') ? 400 : undefined);
}

/** False in the middle of another response. */
function mayAnswer(socket: Socket): boolean {
  const { _httpMessage: response } = socket as Socket & { readonly _httpMessage?: ServerResponse | null };
  return socket.writable && response?.headersSent !== true;
}
