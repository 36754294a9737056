import { Inject, Injectable, Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { ReplayLog } from '../../../backplane/index.js';
import { BudgetExceededError, InFlightBudgets } from '../../limits/in-flight.budgets.js';
import type { Session } from '../../sessions/session.js';
import { ResumableStream } from './resumable.stream.js';

/** From this revision on a stream begins with an event id to resume from. */
const PRIMED_SINCE = '2025-11-25';

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
export class SessionStreams {
  private readonly logger = new Logger('Replay');
  private readonly streams = new WeakMap<Session, StreamsOfSession>();

  constructor(
    @Inject(ReplayLog) private readonly log: ReplayLog,
    private readonly budgets: InFlightBudgets,
  ) {}

  /** A stream for the replies to one POST. */
  forReply(session: Session): ResumableStream {
    const stream = this.make(session, `reply-${randomUUID()}`);
    this.of(session).replies.set(stream.name, stream);
    return stream;
  }

  /** The stream of a session that an event was sent on; for a reply of another node, its stored events. */
  sentOn(session: Session, eventId: string): ResumableStream {
    const name = eventId.slice(0, eventId.indexOf('.'));
    return this.of(session).replies.get(name) ?? this.make(session, name, true);
  }

  forgetFinished(session: Session): void {
    const { replies } = this.of(session);
    for (const [name, stream] of replies) if (stream.isFinished) replies.delete(name);
  }

  private make(session: Session, name: string, isElsewhere = false): ResumableStream {
    const onLost = (error: unknown): void => {
      this.logger.warn({ event: 'replay.not_kept', session: session.logId, err: error });
    };
    return new ResumableStream({
      name,
      logKey: session.id,
      log: this.log,
      onLost,
      onKept: this.of(session).onKept,
      isPrimed: isPrimed(session),
      isElsewhere,
    });
  }

  private of(session: Session): StreamsOfSession {
    let streams = this.streams.get(session);
    if (streams === undefined) {
      streams = { replies: new Map(), onKept: this.counted(session) };
      this.streams.set(session, streams);
    }
    return streams;
  }

  /** Counts what is stored for a session for its user; it is reclaimed first. */
  private counted({ holds, id, logId, principal }: Session): (characters: number) => void {
    const forget = (): void => {
      this.logger.warn({ event: 'replay.dropped', reason: 'over_budget', session: logId });
      void this.log.drop(id).catch(() => undefined);
    };
    const hold = this.budgets.hold(principal.userKey, 0, forget);
    holds.add(hold);
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
