import { type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';

/** What Node's parser finds wrong, by its codes. All others of the parser are a bad request. */
const STATUSES: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/**
 * Answers what is no HTTP as Node does, and ends its connection; `tell` hears of it. RFC 9112, section 2.2. A connection
 * that broke off has asked for nothing, and is not told of.
 */
export function answerMalformed(
  server: Server,
  tell: (address: string | undefined, status: number) => void,
): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const status = statusOf(error);
    if (status !== undefined && !socket.destroyed) {
      tell(socket.remoteAddress, status);
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

/** Not in the middle of another answer. */
function mayAnswer(socket: Socket): boolean {
  const { _httpMessage: response } = socket as Socket & { readonly _httpMessage?: ServerResponse | null };
  return socket.writable && response?.headersSent !== true;
}
