import { AbstractConnector, type RedisOptions } from 'ioredis';
import { connect, type Socket } from 'node:net';

/** The client's options for the connector of an address. With TLS or sentinels, the client's own connector serves. */
export function connectorOf({ tls, sentinels }: RedisOptions): RedisOptions {
  if (tls !== undefined || sentinels !== undefined) return {};
  // The connector sets `keepAlive`. The client leaves the socket alone where the option is not a number.
  return { Connector: RedisConnector as NonNullable<RedisOptions['Connector']>, keepAlive: null as never };
}

/**
 * Gives the client a connected socket, whose properties were added in the same order as those of the HTTP server's
 * sockets. Node's modules then meet one kind of socket in a process, and not four. From five kinds of objects on, V8
 * looks up each property of theirs in a table, which costs each request 1 %.
 */
class RedisConnector extends AbstractConnector {
  constructor(private readonly options: RedisOptions) {
    super(options.disconnectTimeout!);
  }

  /** Resolves also with a socket that could not connect: the client then tries again. */
  override async connect(): Promise<Socket> {
    const { host, port, connectTimeout } = this.options;
    this.connecting = true;
    const socket = connect({ host: host!, port: port!, noDelay: true, keepAlive: true });
    this.stream = socket;
    socket.on('error', (error) => (this.firstError = error));
    const timer = setTimeout(() => socket.destroy(new Error('connect ETIMEDOUT')), connectTimeout);
    await new Promise((settled) => socket.once('connect', settled).once('close', settled));
    clearTimeout(timer);
    // `disconnect` ends the socket.
    if (!this.connecting) throw new Error('The client was closed');
    // First its address becomes a property of the socket, then its timeout.
    if (socket.remoteAddress !== undefined) socket.setTimeout(0);
    return socket;
  }
}
