import { Logger } from '@nestjs/common';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { isIPv6, type Socket } from 'node:net';
import { cut } from './cut.js';
import { queueExpensiveReads } from './expensive-reads.js';
import type { GatheredMessage } from './gathered-body.js';

/** Requests of one connection that may wait for their response or for the client to read it. */
const MAX_UNANSWERED = 16;
/** Connections above the limit that may still request the health, or get 503. */
const SURPLUS = 64;
const SURPLUS_PER_ADDRESS = 8;
const SURPLUS_MS = 2_000;
/**
 * How long a client may take to read each megabyte of what waits for it, and to send the rest of a body after the
 * response.
 */
const UNREAD_MS = 30_000;
const UNREAD_BYTES = 1024 * 1024;
const UNSENT_MS = 5_000;
const SWEEP_MS = 1_000;
const WARN_MS = 60_000;

export interface ConnectionLimits {
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  /** Whether the address belongs to a proxy, which serves many clients. */
  readonly isProxy: (address: string) => boolean;
}

/** What an open connection holds. */
export class Connection {
  readonly openedAt = Date.now();
  unanswered = 0;
  turn = 0;
  requestsInTurn = 0;
  /** The request whose response was sent before its body had arrived. */
  unsent: IncomingMessage | undefined = undefined;
  answeredAt = 0;
  unreadBytes = 0;
  unreadSince = 0;

  constructor(
    readonly address: string,
    /** Above a limit: the name of its setting. */
    readonly exceeded: string | undefined,
  ) {}
}

const CONNECTIONS = new WeakMap<Socket, Connection>();

/**
 * Tracks open connections and what each holds: requests without a response, responses not read, bodies that arrive
 * after the response. Closes connections that exceed their bounds.
 */
export class Connections {
  private readonly logger = new Logger('Http');
  private readonly open = new Set<Socket>();
  private readonly counts = new Map<string, number>();
  private limits: ConnectionLimits | undefined;
  private warnedAt = -Infinity;
  private turn = 0;
  private isTurnCounted = false;
  private readonly endTurn = (): void => {
    this.turn += 1;
    this.isTurnCounted = false;
  };

  /** The listener of every socket. */
  private readonly closed: (this: Socket) => void;

  constructor(private readonly server: Server) {
    const remove = (socket: Socket): void => this.remove(socket);
    this.closed = function closed() {
      remove(this);
    };
    queueExpensiveReads(server);
    server.prependListener('connection', (socket: Socket) => this.add(socket));
    const sweeping = setInterval(() => this.sweep(Date.now()), SWEEP_MS).unref();
    server.once('close', () => clearInterval(sweeping));
  }

  limit(limits: ConnectionLimits): void {
    this.limits = limits;
    this.server.maxConnections = limits.maxConnections + SURPLUS;
  }

  /** Closes all of them. Node's `closeAllConnections` skips those without a request. */
  closeAll(): void {
    for (const socket of this.open) socket.destroy();
  }

  /**
   * Counts a request until its response ends, and those of one turn of the event loop: a client that pipelines many
   * would otherwise keep the turn from ending. Returns the connection; undefined: it is closed.
   */
  take({ socket }: IncomingMessage, response: ServerResponse): Connection | undefined {
    const connection = CONNECTIONS.get(socket);
    if (socket.destroyed || connection === undefined) return undefined;
    if (!this.isTurnCounted) {
      this.isTurnCounted = true;
      setImmediate(this.endTurn);
    }
    if (connection.turn !== this.turn) {
      connection.turn = this.turn;
      connection.requestsInTurn = 0;
    }
    connection.unanswered += 1;
    connection.requestsInTurn += 1;
    if (connection.unanswered > MAX_UNANSWERED || connection.requestsInTurn > MAX_UNANSWERED) {
      cut(socket);
      return undefined;
    }
    response.on('close', settle);
    return connection;
  }

  private add(socket: Socket): void {
    const address = networkOf(socket.remoteAddress ?? '');
    const count = (this.counts.get(address) ?? 0) + 1;
    const exceeded = this.exceededBy(count, socket.remoteAddress ?? '');
    CONNECTIONS.set(socket, new Connection(address, exceeded));
    this.counts.set(address, count);
    this.open.add(socket);
    socket.on('close', this.closed);
    if (exceeded === undefined) return;
    this.warn(exceeded, address);
    const perAddress = this.limits?.maxConnectionsPerAddress ?? Infinity;
    if (exceeded === 'CONNECTIONS_PER_ADDRESS' && count > perAddress + SURPLUS_PER_ADDRESS) socket.destroy();
  }

  private exceededBy(count: number, remote: string): string | undefined {
    if (this.limits === undefined) return undefined;
    const { maxConnections, maxConnectionsPerAddress, isProxy } = this.limits;
    if (this.open.size >= maxConnections) return 'CONNECTIONS';
    return count > maxConnectionsPerAddress && !isProxy(remote) ? 'CONNECTIONS_PER_ADDRESS' : undefined;
  }

  private remove(socket: Socket): void {
    this.open.delete(socket);
    const { address } = CONNECTIONS.get(socket)!;
    const left = this.counts.get(address)! - 1;
    if (left > 0) this.counts.set(address, left);
    else this.counts.delete(address);
  }

  private warn(limit: string, address: string): void {
    if (Date.now() - this.warnedAt < WARN_MS) return;
    this.warnedAt = Date.now();
    this.logger.warn({ event: 'connection.refused', reason: 'too_many_connections', limit, ip: address });
  }

  private sweep(now: number): void {
    for (const socket of this.open) {
      const connection = CONNECTIONS.get(socket)!;
      if (isOverdue(connection, socket, now)) socket.destroy();
    }
  }
}

function isOverdue(connection: Connection, socket: Socket, now: number): boolean {
  if (connection.exceeded !== undefined && now - connection.openedAt > SURPLUS_MS) return true;
  if (connection.unsent?.complete === true) connection.unsent = undefined;
  if (connection.unsent !== undefined && now - connection.answeredAt > UNSENT_MS) return true;
  const unread = socket.writableLength;
  if (unread === 0 || unread !== connection.unreadBytes) {
    connection.unreadBytes = unread;
    connection.unreadSince = now;
    return false;
  }
  return now - connection.unreadSince > UNREAD_MS * Math.ceil(unread / UNREAD_BYTES);
}

/** Shared by all responses: a closure for each would keep it from being collected young. */
function settle(this: ServerResponse): void {
  const request = this.req as GatheredMessage;
  const connection = CONNECTIONS.get(request.socket);
  if (connection === undefined) return;
  connection.unanswered -= 1;
  if (request.complete) return;
  request.isAnswered = true;
  connection.unsent = request;
  connection.answeredAt = Date.now();
}

/** An IPv6 client has at least a /64, and all of its addresses. */
function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  if (address.startsWith('::ffff:')) return address.slice('::ffff:'.length);
  return new URL(`http://[${address}]`).hostname
    .slice(1, -1)
    .split('::', 1)[0]!
    .split(':')
    .slice(0, 4)
    .join(':');
}
