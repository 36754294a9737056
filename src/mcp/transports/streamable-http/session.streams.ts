import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import {
  BackplaneNode,
  BackplaneUnavailable,
  EventStore,
  MailError,
  Records,
} from '../../../backplane/index.js';
import { BudgetExceededError, InFlightBudgets } from '../../limits/in-flight.budgets.js';
import type { RequestId } from '../../messages/sdk-types.js';
import type { Session } from '../../sessions/session.js';
import { SessionService } from '../../sessions/session.service.js';
import { ResumableStream } from './resumable.stream.js';
import { type ReplyOrigin, TailedReply } from './tailed.reply.js';

/** Since this revision a stream begins with an event id to resume from. */
const PRIMED_SINCE = '2025-11-25';
/** How long the origin of a reply is stored. Milliseconds. */
const ORIGIN_MS = 3_600_000;
/**
 * The kind of mail with which a node waits until another node has stored the events of a stream; the answer says
 * whether the stream continues.
 */
const STORED = 'reply.stored';
/** The name of a stream: its node, and a unique part. */
const NAME = /^reply-([\da-f-]{36})_/;

interface StoredQuestion {
  readonly session: string;
  readonly stream: string;
}

interface StreamsOfSession {
  /** By name: one for each reply that became a stream. */
  readonly replies: Map<string, ResumableStream>;
  /** Receives the size of what is stored for the session, in characters. */
  readonly onKept: (characters: number) => void;
}

/** Whether a stream begins with an event id, by the revision of its client, so that the client can resume it. */
export function isPrimed({ protocolVersion }: Session): boolean {
  return protocolVersion >= PRIMED_SINCE;
}

/** The resumable streams of each session: one for each reply that became a stream. */
@Injectable()
export class SessionStreams implements OnModuleInit {
  private readonly logger = new Logger('Replay');
  private readonly streams = new WeakMap<Session, StreamsOfSession>();

  constructor(
    @Inject(EventStore) private readonly log: EventStore,
    @Inject(Records) private readonly records: Records,
    private readonly node: BackplaneNode,
    private readonly sessions: SessionService,
    private readonly budgets: InFlightBudgets,
  ) {}

  onModuleInit(): void {
    this.node.mail.on(STORED, async (body) => {
      const { session: id, stream: name } = body as StoredQuestion;
      const session = this.sessions.get(id);
      const stream = session && this.of(session).replies.get(name);
      await stream?.stored;
      return stream !== undefined && !stream.isStored;
    });
  }

  /** A stream for the replies to these requests of one POST. */
  forReply(session: Session, requests: readonly RequestId[]): ResumableStream {
    const { isAlone, self } = this.node.membership;
    const stream = this.make(session, `reply-${self}_${randomBytes(9).toString('base64url')}`);
    this.of(session).replies.set(stream.name, stream);
    if (!isAlone) {
      const origin = { n: self, r: JSON.stringify(requests) };
      this.records.create(originOf(session.id, stream.name), origin, ORIGIN_MS).catch(this.lostOf(session));
    }
    return stream;
  }

  /** The stream of a session that an event was sent on. The stream of another node is read from the event store. */
  sentOn(session: Session, eventId: string): ResumableStream | TailedReply {
    const name = eventId.slice(0, eventId.indexOf('.'));
    const { log, node } = this;
    return (
      this.of(session).replies.get(name) ??
      new TailedReply({
        name,
        logKey: session.id,
        log,
        node,
        stored: () => this.storedElsewhere({ session: session.id, stream: name }),
        origin: () => this.readOrigin(session.id, name),
        isPrimed: isPrimed(session),
      })
    );
  }

  forgetFinished(session: Session): void {
    const { replies } = this.of(session);
    for (const [name, stream] of replies) {
      // Until then, the event store may lack events that the client has.
      if (stream.isFinished) void stream.stored.then(() => stream.isStored && replies.delete(name));
    }
  }

  private make(session: Session, name: string): ResumableStream {
    return new ResumableStream({
      name,
      logKey: session.id,
      log: this.log,
      onLost: this.lostOf(session),
      onKept: this.of(session).onKept,
      isPrimed: isPrimed(session),
    });
  }

  private lostOf({ logId }: Session): (error: unknown) => void {
    return (error) => this.logger.warn({ event: 'replay.not_kept', session: logId, err: error });
  }

  /**
   * An event is stored shortly after it was sent. Resolves when the node of a stream has stored all events that it has
   * sent, or cannot store them now. False: the stream has ended. Rejects with `BackplaneUnavailable` if that node does
   * not answer.
   */
  private async storedElsewhere(question: StoredQuestion): Promise<boolean> {
    const node = NAME.exec(question.stream)?.[1];
    const { isAlone, self } = this.node.membership;
    if (isAlone || node === undefined || node === self) return true;
    try {
      return (await this.node.mail.ask(node, STORED, question)) !== false;
    } catch (error) {
      if (!(error instanceof MailError)) throw error;
      const { problem } = error;
      if (problem === 'unsure' || problem === 'timeout') {
        throw new BackplaneUnavailable(`the node of the reply: ${problem}`, error);
      }
      return true;
    }
  }

  private async readOrigin(session: string, name: string): Promise<ReplyOrigin | undefined> {
    const fields = await this.records.read(originOf(session, name));
    if (fields === undefined || fields === 'ended') return undefined;
    return { node: fields['n']!, requests: JSON.parse(fields['r']!) as RequestId[] };
  }

  private of(session: Session): StreamsOfSession {
    let streams = this.streams.get(session);
    if (streams === undefined) {
      streams = { replies: new Map(), onKept: this.counted(session) };
      this.streams.set(session, streams);
    }
    return streams;
  }

  /** Counts the stored events of a session for its user. They are reclaimed first. */
  private counted(session: Session): (characters: number) => void {
    const { id, logId, principal } = session;
    const forget = (): void => {
      this.logger.warn({ event: 'replay.dropped', reason: 'over_budget', session: logId });
      void this.log.drop(id).catch(() => undefined);
    };
    const hold = this.budgets.hold(principal.userKey, 0, forget);
    session.releaseAtEnd(hold);
    return (characters) => {
      try {
        // A character may take two bytes.
        hold.resize(characters * 2);
      } catch (error) {
        if (!(error instanceof BudgetExceededError)) throw error;
        hold.resize(0);
        forget();
      }
    };
  }
}

function originOf(session: string, stream: string): string {
  return `origin:${session}:${stream}`;
}
