import type { Socket } from 'node:net';

/** Makes Node's parser stop: it treats the following bytes as another protocol. */
const STOP_PARSING = 2;

/**
 * Closes a connection immediately. Node would otherwise turn everything already read from the socket into requests: up
 * to 2,000 requests, or 10,000 chunks. It has no public way to stop this; without the internal one, the connection
 * still closes.
 */
export function cut(socket: Socket): void {
  const { parser } = socket as Socket & { readonly parser?: { onIncoming: () => number } | null };
  if (parser != null) parser.onIncoming = () => STOP_PARSING;
  socket.destroy();
}
