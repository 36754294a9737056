import type { Socket } from 'node:net';

/** What Node's parser is told to stop with: it takes what follows for another protocol. */
const STOP_PARSING = 2;

/**
 * Ends a connection now. Node would go on to make a request of everything that it has read from the socket: up to
 * 2,000 requests, or 10,000 chunks. It has no public way to stop; without this one the connection ends all the same.
 */
export function cut(socket: Socket): void {
  const { parser } = socket as Socket & { readonly parser?: { onIncoming: () => number } | null };
  if (parser != null) parser.onIncoming = () => STOP_PARSING;
  socket.destroy();
}
