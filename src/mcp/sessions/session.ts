import { sessionName } from '../../audit/index.js';
import type { RevocableToken } from '../../backplane/index.js';
import type { BudgetHold } from '../limits/in-flight.budgets.js';
import type { LoggingLevel } from '../messages/sdk-types.js';
import type { MessageText } from '../messages/json-rpc.js';
import type { SessionRecord } from './session.record.js';
import {
  endOf,
  Peer,
  type ReplySink,
  type SessionEnd,
  type SessionStream,
  type SessionTransport,
} from './peer.js';
import type { Principal } from '../authorization/principal.js';

/** The revision that is assumed before `initialize`. */
const INITIAL_PROTOCOL_VERSION = '2024-11-05';
const NONE: ReadonlySet<string> = new Set();

/** A session of a client: its owner, the negotiated revision and capabilities, and its streams. */
export class Session extends Peer implements ReplySink {
  override readonly logId: string;
  /** The key of the principal that opened it. Its later tokens have the same. */
  readonly owner: string;
  override protocolVersion = INITIAL_PROTOCOL_VERSION;
  override readonly isModern = false;
  initialized = false;
  // Created on first use: an idle session would keep an unused set.
  private subscribed: Set<string> | undefined = undefined;
  private held: BudgetHold[] | undefined = undefined;
  protected override logLevel: LoggingLevel | undefined = 'info';
  override principal: Principal;
  override endsAt: number;
  /** The connections of its streams, each with the token of the request that opened it. */
  private readonly carriers = new Map<SessionStream, RevocableToken>();
  private standing: SessionStream | undefined = undefined;
  private revision = 0;
  private writtenRevision = 0;
  /** The record, as this node last read or wrote it. */
  known: SessionRecord | undefined = undefined;
  /** Number of announced changes by other nodes. Starts at 1: the session may have changed before it was read. */
  changesHeard = 1;
  private changesSeen = 0;
  /** When the record was last renewed. */
  renewedAt = 0;
  hasLeft = false;

  constructor(
    override readonly id: string,
    principal: Principal,
    readonly transport: SessionTransport,
  ) {
    super();
    this.owner = principal.key;
    this.principal = principal;
    this.endsAt = endOf(principal);
    this.logId = sessionName(id);
  }

  /** Fields of log lines about the session. */
  get logFields(): Readonly<Record<string, unknown>> {
    const { logId, principal } = this;
    return { session: logId, subject: principal.subject, client: principal.clientId };
  }

  /** URIs of the subscribed resources. */
  get subscriptions(): ReadonlySet<string> {
    return this.subscribed ?? NONE;
  }

  subscribe(uri: string): void {
    (this.subscribed ??= new Set()).add(uri);
  }

  /** False: it was not subscribed. */
  unsubscribe(uri: string): boolean {
    return this.subscribed?.delete(uri) === true;
  }

  /** Releases these bytes, which count for the user, when the session ends. */
  releaseAtEnd(hold: BudgetHold): void {
    (this.held ??= []).push(hold);
  }

  /** Adds a connection that carries a stream, opened by a request with this token. */
  carry(connection: SessionStream, token: RevocableToken): void {
    this.carriers.set(connection, token);
  }

  /** Removes a connection that has ended. */
  drop(connection: SessionStream): void {
    this.carriers.delete(connection);
  }

  /** At the revocation of the newest token; over `/sse` also of the token that opened the stream. */
  override isEndedBy(revoked: (token: RevocableToken) => boolean): boolean {
    const endsWithStream = this.transport === 'http-sse';
    return super.isEndedBy(revoked) || (endsWithStream && [...this.carriers.values()].some(revoked));
  }

  override endRevoked(revoked: (token: RevocableToken) => boolean): void {
    for (const call of this.calls.values()) {
      if (call.user !== undefined && revoked(call.user)) call.abort('token_revoked');
    }
    for (const [connection, token] of this.carriers) if (revoked(token)) connection.end('token_revoked');
  }

  /** The shared state: what another node needs to serve the session. */
  get record(): SessionRecord {
    return {
      owner: this.owner,
      transport: this.transport,
      openedAt: this.openedAt,
      protocolVersion: this.initialized ? this.protocolVersion : undefined,
      client: this.client,
      clientCapabilities: this.clientCapabilities,
      logLevel: this.logLevel ?? 'info',
      subscriptions: [...this.subscriptions],
      token: this.principal,
      node: this.known?.node,
      moves: this.known?.moves,
    };
  }

  /** Takes over the state of a record. `changes`: the number of announced changes before it was read. */
  restore(record: SessionRecord, changes = 0): void {
    this.changesSeen = changes;
    if (record === this.known) return;
    this.known = record;
    this.adoptToken(record.token);
    this.initialized = record.protocolVersion !== undefined;
    this.protocolVersion = record.protocolVersion ?? INITIAL_PROTOCOL_VERSION;
    this.client = record.client;
    this.clientCapabilities = record.clientCapabilities;
    this.logLevel = record.logLevel;
    this.openedAt = record.openedAt;
    this.subscribed = record.subscriptions.length === 0 ? undefined : new Set(record.subscriptions);
  }

  /** Another node may have changed it since its record was read. */
  get isStale(): boolean {
    return this.changesSeen !== this.changesHeard;
  }

  /** The client has refreshed its token: the session lives as long as the newest one. */
  override refreshToken(principal: Principal, now = Date.now()): void {
    if (principal.issuedAt < this.principal.issuedAt) return;
    // The same token again, as nearly always: its end is known until it has passed.
    if (principal === this.principal && now < this.endsAt) return;
    this.principal = principal;
    this.endsAt = endOf(principal, now);
  }

  /** The client has sent this token to another node. No effect if it is not newer. */
  adoptToken(token: Principal): void {
    if (token.issuedAt > this.principal.issuedAt) this.refreshToken(token);
  }

  /** The shared state has changed. */
  markDirty(): void {
    this.revision += 1;
  }

  /** The shared state is not saved yet. */
  get isDirty(): boolean {
    return this.revision !== this.writtenRevision;
  }

  /** The record lacks a change of this node, or the newest token. */
  get isUnsaved(): boolean {
    const saved = this.known?.token.issuedAt ?? Number.POSITIVE_INFINITY;
    return this.revision !== this.writtenRevision || this.principal.issuedAt > saved;
  }

  /** Saves the shared state by `write`. The session stays dirty until `write` has resolved. */
  async flush(write: () => Promise<void>): Promise<void> {
    const { revision } = this;
    await write();
    this.writtenRevision = Math.max(this.writtenRevision, revision);
  }

  setLogLevel(level: LoggingLevel): void {
    this.logLevel = level;
    this.markDirty();
  }

  /** Whether this node has a stream for messages that belong to no request. */
  get hasStream(): boolean {
    return this.standing !== undefined;
  }

  /** This node has such a stream, and no stream on another node carries these messages. */
  get isCarriedHere(): boolean {
    return this.standing !== undefined && this.standing.isCarrying !== false;
  }

  /** Sends a message that belongs to no request. No effect without a stream for such messages. */
  send(message: MessageText, offset?: string): void {
    this.standing?.send(message, offset);
  }

  whenSent(listener: (isWhole: boolean) => void): void {
    listener(this.hasStream);
  }

  /** Makes `stream` the stream for messages that belong to no request, and ends the previous one. */
  attach(stream: SessionStream): void {
    const before = this.standing;
    this.standing = stream;
    this.streams.add(stream);
    if (before !== stream) before?.end('replaced');
  }

  /** Removes a stream whose connection has closed. */
  detach(stream: SessionStream): void {
    this.streams.delete(stream);
    if (this.standing === stream) this.standing = undefined;
    this.usedAt = Date.now();
  }

  /** Ends the stream for messages that belong to no request; the session continues. */
  endStanding(reason: SessionEnd): void {
    const { standing } = this;
    if (standing === undefined) return;
    this.detach(standing);
    standing.end(reason);
  }

  /** Since when the session has had neither stream nor call; milliseconds since the epoch. Undefined: it has one. */
  get idleSince(): number | undefined {
    return this.streams.size === 0 && this.calls.size === 0 ? this.usedAt : undefined;
  }

  /** Initialized, and without stream or call. */
  get isEvictable(): boolean {
    return this.initialized && this.idleSince !== undefined;
  }

  /** The session has left this node. */
  leave(): void {
    this.hasLeft = true;
    for (const hold of this.held ?? []) hold.release();
  }
}
