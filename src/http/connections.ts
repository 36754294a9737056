import { Logger } from '@nestjs/common';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { isIPv6, type Socket } from 'node:net';
import { cut } from './cut.js';
import { holdDearReads } from './dear-reads.js';
import type { BodyState } from './gathered-body.js';

/** Requests of one connection that may wait for their answer or for the client to read it. */
const MAX_UNANSWERED = 16;
/** Connections beyond the limit that may still ask for the health, or hear 503. */
const SURPLUS = 64;
const SURPLUS_PER_ADDRESS = 8;
const SURPLUS_MS = 2_000;
/** A client may take this long to read each megabyte of what waits for it, and to send the rest of a body after the answer. */
const UNREAD_MS = 30_000;
const UNREAD_BYTES = 1024 * 1024;
const UNSENT_MS = 5_000;
const SWEEP_MS = 1_000;
const WARN_MS = 60_000;

export interface ConnectionLimits {
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  /** Whether the address is a proxy's: it counts for many clients. */
  readonly isProxy: (address: string) => boolean;
}

class Connection {
  readonly openedAt = Date.now();
  unanswered = 0;
  turn = 0;
  requestsInTurn = 0;
  /** The request that was answered before its body had come whole. */
  unsent: IncomingMessage | undefined;
  answeredAt = 0;
  unreadBytes = 0;
  unreadSince = 0;

  constructor(
    readonly address: string,
    /** Beyond a limit: the name of its setting. */
    readonly exceeded: string | undefined,
  ) {}
}

const CONNECTIONS = new WeakMap<Socket, Connection>();

/**
 * What the server has open, and what each connection makes it hold: requests without an answer, answers that are not
 * read, bodies that come after the answer. Ends the connections that go beyond their bounds.
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

  constructor(private readonly server: Server) {
    holdDearReads(server);
    server.prependListener('connection', (socket: Socket) => this.add(socket));
    const sweeping = setInterval(() => this.sweep(Date.now()), SWEEP_MS).unref();
    server.once('close', () => clearInterval(sweeping));
  }

  limit(limits: ConnectionLimits): void {
    this.limits = limits;
    this.server.maxConnections = limits.maxConnections + SURPLUS;
  }

  /** Ends all of them. Node's `closeAllConnections` passes over those on which no request has begun. */
  cutAll(): void {
    for (const socket of this.open) socket.destroy();
  }

  /** Counts a request until it is answered. False: its connection has ended. */
  take({ socket }: IncomingMessage, response: ServerResponse): boolean {
    const connection = CONNECTIONS.get(socket);
    if (socket.destroyed || connection === undefined) return false;
    connection.unanswered += 1;
    if (connection.unanswered > MAX_UNANSWERED || this.inThisTurn(connection) > MAX_UNANSWERED) {
      cut(socket);
      return false;
    }
    response.on('close', settle);
    return true;
  }

  /**
   * Requests of a connection in this turn of the event loop. A client that waits for its answers sends one; one that
   * does not would keep the turn from ending, however fast each is answered.
   */
  private inThisTurn(connection: Connection): number {
    if (!this.isTurnCounted) {
      this.isTurnCounted = true;
      setImmediate(this.endTurn);
    }
    if (connection.turn !== this.turn) {
      connection.turn = this.turn;
      connection.requestsInTurn = 0;
    }
    return ++connection.requestsInTurn;
  }

  /** The connection is beyond a limit. */
  isSurplus({ socket }: IncomingMessage): boolean {
    return CONNECTIONS.get(socket)?.exceeded !== undefined;
  }

  private add(socket: Socket): void {
    const address = networkOf(socket.remoteAddress ?? '');
    const count = (this.counts.get(address) ?? 0) + 1;
    const exceeded = this.exceededBy(count, socket.remoteAddress ?? '');
    CONNECTIONS.set(socket, new Connection(address, exceeded));
    this.counts.set(address, count);
    this.open.add(socket);
    socket.once('close', () => this.remove(socket, address));
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

  private remove(socket: Socket, address: string): void {
    this.open.delete(socket);
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

/** One function for all responses: one of its own would keep each of them from being collected young. */
function settle(this: ServerResponse): void {
  const request = this.req as IncomingMessage & BodyState;
  const connection = CONNECTIONS.get(request.socket);
  if (connection === undefined) return;
  connection.unanswered -= 1;
  if (request.complete) return;
  request.isAnswered = true;
  connection.unsent = request;
  connection.answeredAt = Date.now();
}

/** An IPv6 client has a /64 at the least, and all of its addresses. */
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
