import { Inject, Injectable, Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { ReplayLog } from '../../../backplane/index.js';
import type { Session } from '../../sessions/session.js';
import { ResumableStream } from './resumable.stream.js';

/** The stream of messages that belong to no request. */
const STANDING = 'standing';
const STANDING_EVENT = new RegExp(`^${STANDING}\\.[\\w-]+\\.\\d+$`);

/** The resumable streams of each session, by name: the standing one, and one for each reply that became one. */
@Injectable()
export class SessionStreams {
  private readonly logger = new Logger('Replay');
  private readonly streams = new WeakMap<Session, Map<string, ResumableStream>>();

  constructor(@Inject(ReplayLog) private readonly log: ReplayLog) {}

  standing(session: Session): ResumableStream {
    return this.of(session).get(STANDING) ?? this.create(session, STANDING);
  }

  /** Whether this could be the id of an event on a standing stream. */
  isStandingEvent(eventId: string): boolean {
    return STANDING_EVENT.test(eventId);
  }

  /** A stream for the replies to one POST. */
  forReply(session: Session): ResumableStream {
    return this.create(session, `reply-${randomUUID()}`);
  }

  /** The stream of a session that an event was sent on; one that has finished lives in the log alone. */
  sentOn(session: Session, eventId: string): ResumableStream {
    const name = eventId.slice(0, eventId.indexOf('.'));
    if (name === STANDING) return this.standing(session);
    return this.of(session).get(name) ?? this.make(session, name, true);
  }

  forgetFinished(session: Session): void {
    const streams = this.of(session);
    for (const [name, stream] of streams) if (stream.isFinished) streams.delete(name);
  }

  private create(session: Session, name: string): ResumableStream {
    const stream = this.make(session, name, false);
    this.of(session).set(name, stream);
    return stream;
  }

  private make(session: Session, name: string, finished: boolean): ResumableStream {
    const onLost = (error: unknown): void => {
      this.logger.warn({ event: 'replay.not_kept', session: session.logId, err: error });
    };
    return new ResumableStream(name, session.id, this.log, onLost, finished);
  }

  private of(session: Session): Map<string, ResumableStream> {
    let streams = this.streams.get(session);
    if (streams === undefined) this.streams.set(session, (streams = new Map()));
    return streams;
  }
}
