import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { BackplaneNode, BackplaneUnavailable } from '../../../backplane/index.js';
import { CHANGED } from '../../catalog/change.broadcast.js';
import type { Change } from '../../catalog/change.feed.js';
import { shuttingDown, unknownSession } from '../../messages/refused.error.js';
import { ChangeAnnouncer } from '../../protocol/change.announcer.js';
import type { Session } from '../../sessions/session.js';
import { SessionService } from '../../sessions/session.service.js';
import type { SseStream } from '../sse.stream.js';
import { isPrimed } from './session.streams.js';
import { StandaloneStream, type StandaloneEvent } from './standalone.stream.js';
import { StandaloneStreams } from './standalone.streams.js';

const CARRIED = 'session.carried';
/** Maximum time in which a message of this node returns to it over the bus. Milliseconds. */
const JOIN_MS = 2_000;
/** Interval at which a stream is announced again that the bus did not accept. Milliseconds. */
const RETRY_MS = 1_000;
/** A position on the bus from which no message can be read. */
const NOWHERE = '0-0';

/**
 * Announces the stream that carries the messages of a session from now on. Without a stream: no stream carries them.
 */
interface Carried {
  readonly session: string;
  readonly stream?: { readonly name: string; readonly key: string };
}

type Connect = (stream: StandaloneStream) => SseStream;

/**
 * Determines which standalone stream of a session carries its messages, over all nodes: the one that was connected
 * last. The node announces it on the bus. The bus orders this announcement among the changes, so each change is sent on
 * exactly one stream. A client that resumes from an event gets the later changes from the bus.
 */
@Injectable()
export class StandaloneCarriage implements OnModuleInit, OnModuleDestroy {
  private readonly streams = new WeakMap<Session, StandaloneStreams>();
  /** By the key of their connection. */
  private readonly joining = new Map<string, (offset: string) => void>();
  /** Streams that were opened while the bus was unavailable. */
  private readonly unclaimed = new Map<StandaloneStream, Session>();
  private retrying: NodeJS.Timeout | undefined;
  private stopListening: (() => void) | undefined;

  constructor(
    private readonly node: BackplaneNode,
    private readonly sessions: SessionService,
    private readonly announcer: ChangeAnnouncer,
  ) {}

  onModuleInit(): void {
    this.stopListening = this.node.bus.on(CARRIED, (body, offset) => this.heard(body as Carried, offset));
  }

  onModuleDestroy(): void {
    this.stopListening?.();
    clearTimeout(this.retrying);
  }

  /** Opens a stream. If the bus is unavailable, the stream is announced later. Rejects if the session has ended. */
  async open(session: Session, connect: Connect): Promise<void> {
    const stream = new StandaloneStream(randomUUID(), isPrimed(session));
    const { newest = NOWHERE } = this.node.bus;
    const joined = await this.join(session, stream);
    stream.startAt(joined ?? newest);
    stream.connect(connect(stream));
    stream.prime();
    if (joined === undefined) this.claimLater(session, stream);
  }

  /** Continues after the client's last event. False: later events may be missing, and no stream was opened. */
  async resume(session: Session, { name, offset }: StandaloneEvent, connect: Connect): Promise<boolean> {
    const stream = new StandaloneStream(name, isPrimed(session));
    const joined = await this.join(session, stream);
    if (joined === undefined) {
      stream.startAt(offset);
      stream.connect(connect(stream));
      this.claimLater(session, stream);
      return true;
    }
    let missed: ReadonlyMap<string, string> | undefined;
    try {
      missed = await this.missed(session, name, offset, joined);
      this.assertHeld(session);
    } finally {
      if (missed === undefined) this.left(session, stream);
    }
    if (missed === undefined) return false;
    stream.startAt(joined);
    stream.connect(connect(stream), missed);
    return true;
  }

  /** The connection of a stream has closed: another stream of the session carries the messages, if there is one. */
  left(session: Session, stream: StandaloneStream): void {
    const streams = this.of(session);
    this.unclaimed.delete(stream);
    const wasCarrier = streams.remove(stream);
    const next = streams.newest;
    if (next === undefined) session.detach(streams);
    if (!wasCarrier || this.sessions.get(session.id) !== session) return;
    if (next !== undefined) this.carry(session, next);
    // A stream on another node may be open.
    else if (!this.node.membership.isAlone) this.publish({ session: session.id });
  }

  /** Resolves with the position of {@link claim}, or with undefined if the bus is unavailable. */
  private async join(session: Session, stream: StandaloneStream): Promise<string | undefined> {
    const streams = this.of(session);
    streams.add(stream);
    session.attach(streams);
    try {
      const offset = await this.claim(session, stream).catch(undefinedIfUnavailable);
      this.assertHeld(session);
      return offset;
    } catch (error) {
      this.left(session, stream);
      throw error;
    }
  }

  /**
   * Resolves with the position on the bus since which the stream carries the messages. Rejects with
   * `BackplaneUnavailable`.
   */
  private async claim(session: Session, stream: StandaloneStream): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    // It may reject while the bus still takes the message.
    promise.catch(() => undefined);
    const late = new BackplaneUnavailable('this node does not hear the others');
    const timer = setTimeout(() => reject(late), JOIN_MS);
    this.joining.set(stream.key, (offset) => {
      stream.catchUp();
      resolve(offset);
    });
    try {
      await this.node.bus.publish(CARRIED, carriedBy(session, stream));
      return await promise;
    } finally {
      clearTimeout(timer);
      this.joining.delete(stream.key);
    }
  }

  private claimLater(session: Session, stream: StandaloneStream): void {
    stream.fallBehind();
    this.unclaimed.set(stream, session);
    this.retrying ??= setTimeout(() => void this.claimUnclaimed(), RETRY_MS).unref();
  }

  private async claimUnclaimed(): Promise<void> {
    const unclaimed = [...this.unclaimed];
    if (this.node.bus.isLive)
      await Promise.all(unclaimed.map(([stream, session]) => this.settle(session, stream)));
    this.retrying = undefined;
    for (const [stream, session] of this.unclaimed) this.claimLater(session, stream);
  }

  /** Claims an open stream, and sends the changes that it missed until then. */
  private async settle(session: Session, stream: StandaloneStream): Promise<void> {
    const from = stream.place;
    stream.pause();
    const joined = await this.claim(session, stream).catch(() => undefined);
    if (joined === undefined) return stream.resume();
    const missed = await this.missed(session, stream.name, from, joined).catch(() => undefined);
    this.unclaimed.delete(stream);
    stream.startAt(joined);
    stream.resume(missed);
    if (missed === undefined) this.announcer.announceAll(session);
  }

  /**
   * The notifications that the client has missed on a stream: the newest of each kind, with their positions on the bus,
   * of the changes after `from` while this stream carried the messages.
   */
  private async missed(
    session: Session,
    name: string,
    from: string,
    until: string,
  ): Promise<ReadonlyMap<string, string> | undefined> {
    const messages = await this.node.bus.since(from);
    const missed = new Map<string, string>();
    let isCarrying = true;
    for (const { topic, body, offset } of messages ?? []) {
      if (offset === until) break;
      const carried = topic === CARRIED ? (body as Carried) : undefined;
      if (carried?.session === session.id && carried.stream !== undefined) {
        isCarrying = carried.stream.name === name;
      }
      const text = topic === CHANGED && isCarrying && this.announcer.textFor(session, body as Change);
      if (!text) continue;
      missed.delete(text);
      missed.set(text, offset);
    }
    return messages && missed;
  }

  private heard({ session: id, stream }: Carried, offset: string): void {
    const session = this.sessions.get(id);
    const streams = session && this.streams.get(session);
    if (session === undefined || streams === undefined) return;
    if (stream !== undefined) {
      streams.carriedBy(stream.name, stream.key);
      this.joining.get(stream.key)?.(offset);
    } else if (!streams.isCarrying && streams.newest !== undefined) this.carry(session, streams.newest);
  }

  private carry(session: Session, stream: StandaloneStream): void {
    this.publish(carriedBy(session, stream));
  }

  /** Best effort: if the bus is unavailable, the client gets the change when it resumes its stream. */
  private publish(body: Carried): void {
    this.node.bus.publish(CARRIED, body).catch(() => undefined);
  }

  /** While this node waited for the bus, the session may have ended, or this node has begun to stop: others serve it. */
  private assertHeld(session: Session): void {
    if (this.sessions.get(session.id) === session) return;
    throw this.sessions.isDraining ? shuttingDown() : unknownSession();
  }

  private of(session: Session): StandaloneStreams {
    let streams = this.streams.get(session);
    if (streams === undefined) this.streams.set(session, (streams = new StandaloneStreams()));
    return streams;
  }
}

function undefinedIfUnavailable(error: unknown): undefined {
  if (!(error instanceof BackplaneUnavailable)) throw error;
}

function carriedBy({ id }: Session, { name, key }: StandaloneStream): Carried {
  return { session: id, stream: { name, key } };
}
