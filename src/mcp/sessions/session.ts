import { sessionName } from '../../audit/index.js';
import type { RevocableToken } from '../../backplane/index.js';
import type { ByteHold } from '../limits/in-flight.budgets.js';
import type { LoggingLevel } from '../messages/sdk-types.js';
import type { SessionRecord } from './session.record.js';
import { type MessageSink, Peer, type SessionStream, type SessionTransport } from './peer.js';
import { endOf, type Principal } from '../authorization/principal.js';

/** What the revision before any agreement is taken to be. */
const INITIAL_PROTOCOL_VERSION = '2024-11-05';

/** One client's session: who it belongs to, what was agreed, and what is in flight. */
export class Session extends Peer implements MessageSink {
  override readonly logId: string;
  override protocolVersion = INITIAL_PROTOCOL_VERSION;
  initialized = false;
  /** The resources whose updates it wants to hear of. */
  readonly subscriptions = new Set<string>();
  /** What it is counted with for its user: released at its end. */
  readonly holds = new Set<ByteHold>();
  protected override logLevel: LoggingLevel | undefined = 'info';
  private shown: Principal;
  private shownUntil: number;
  /** The connections that carry its streams, each with the token of the request that has opened it. */
  private readonly carriers = new Map<SessionStream, RevocableToken>();
  private standing: SessionStream | undefined;
  private usedAt = Date.now();
  private revision = 0;
  private writtenRevision = 0;
  /** What the nodes share of it, as this node has read or written it last. */
  known: SessionRecord | undefined;
  /** How often it was heard that a node has changed it. It begins as one that may have been. */
  changesHeard = 1;
  private changesSeen = 0;
  /** When its record was given a new time to live. */
  renewedAt = 0;

  constructor(
    override readonly id: string,
    principal: Principal,
    readonly transport: SessionTransport,
  ) {
    super();
    this.shown = principal;
    this.shownUntil = endOf(principal);
    this.logId = sessionName(id);
  }

  /** What a log line says of it. */
  get logFields(): Readonly<Record<string, unknown>> {
    const { logId, shown } = this;
    return { session: logId, subject: shown.subject, client: shown.clientId };
  }

  override get principal(): Principal {
    return this.shown;
  }

  override get endsAt(): number {
    return this.shownUntil;
  }

  /** `connection` carries a stream from here on, opened by a request with this token. */
  carry(connection: SessionStream, token: RevocableToken): void {
    this.carriers.set(connection, token);
  }

  /** `connection` has ended. */
  drop(connection: SessionStream): void {
    this.carriers.delete(connection);
  }

  /** At the revocation of the newest token; of that which has opened its one stream, where that carries everything. */
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

  /** What another node needs to go on with it. */
  get record(): SessionRecord {
    return {
      owner: this.shown.key,
      transport: this.transport,
      openedAt: this.openedAt,
      protocolVersion: this.initialized ? this.protocolVersion : undefined,
      client: this.client,
      clientCapabilities: this.clientCapabilities,
      logLevel: this.logLevel ?? 'info',
      subscriptions: [...this.subscriptions],
      token: this.shown,
    };
  }

  /** Takes over what was agreed on another node, or again on this one. `changes`: how many were heard of before it was read. */
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
    this.subscriptions.clear();
    for (const uri of record.subscriptions) this.subscriptions.add(uri);
  }

  /** Another node may have changed it since its record was read. */
  get isStale(): boolean {
    return this.changesSeen !== this.changesHeard;
  }

  isOwnedBy(principal: Principal): boolean {
    return this.shown.key === principal.key;
  }

  /** A refreshed token keeps the session: it lives as long as the newest one that its owner has shown. */
  override refreshToken(principal: Principal): void {
    if (principal.issuedAt < this.shown.issuedAt) return;
    this.shown = principal;
    this.shownUntil = endOf(principal);
  }

  /** Its owner has shown this token on another node. False: it is no newer one. */
  adoptToken(token: Principal): boolean {
    if (token.issuedAt <= this.shown.issuedAt) return false;
    this.shown = token;
    this.shownUntil = endOf(token);
    return true;
  }

  /** What `record` holds has changed. */
  markDirty(): void {
    this.revision += 1;
  }

  /** What `record` holds has not been written down yet. */
  get isDirty(): boolean {
    return this.revision !== this.writtenRevision;
  }

  /** The other nodes do not know all of it: what has changed here, or the newest token. */
  get isUnsaved(): boolean {
    const saved = this.known?.token.issuedAt ?? Number.POSITIVE_INFINITY;
    return this.isDirty || this.shown.issuedAt > saved;
  }

  /** Writes down what `record` holds by now. Until that is done, a record that is read is the older one. */
  async flush(write: () => Promise<void>): Promise<void> {
    const { revision } = this;
    await write();
    this.writtenRevision = Math.max(this.writtenRevision, revision);
  }

  setLogLevel(level: LoggingLevel): void {
    this.logLevel = level;
    this.markDirty();
  }

  /** Whether it has a stream for messages that belong to no request on this node. */
  get hasStream(): boolean {
    return this.standing !== undefined;
  }

  /** The same, and no stream of another node takes these messages. */
  get isCarriedHere(): boolean {
    return this.standing !== undefined && this.standing.isCarrying !== false;
  }

  /** Sends a message that belongs to no request, if there is a stream for such. */
  send(message: string, offset?: string): void {
    this.standing?.send(message, offset);
  }

  /** Makes `stream` the one for messages that belong to no request; the one before it is ended. */
  attach(stream: SessionStream): void {
    const before = this.standing;
    this.standing = stream;
    this.streams.add(stream);
    if (before !== stream) before?.end('replaced');
  }

  /** A stream has lost its connection. */
  detach(stream: SessionStream): void {
    this.streams.delete(stream);
    if (this.standing === stream) this.standing = undefined;
    this.touch();
  }

  /** Since when neither a stream nor a call has kept the session; milliseconds since the epoch. */
  get idleSince(): number | undefined {
    return this.streams.size === 0 && this.calls.size === 0 ? this.usedAt : undefined;
  }

  /** Neither a stream nor a call needs it, and its client has had the answer to its `initialize`. */
  get isEvictable(): boolean {
    return this.initialized && this.idleSince !== undefined;
  }

  /** It is not on this node any more. */
  leave(): void {
    for (const hold of this.holds) hold.release();
  }

  override touch(): void {
    this.usedAt = Date.now();
  }
}
