import { type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';

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
