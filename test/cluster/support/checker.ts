import { isDeepStrictEqual } from 'node:util';
import { describe, type Heard, type History } from './history.js';

/** Of records, logs, beats, limits and slots. */
const KNOWN_KEYS = /^mcp:(r|l|b|g|s):\{.+\}$/;
const SESSION_SLOTS = /^mcp:s:\{sessions:/;
/** The time to live of a key that has none. It is 0 or -2 where it has just ended. */
const FOREVER = -1;
/** A refusal is no wait. */
const MAX_REFUSAL_MS = 5_000;
/** Until every node has heard of a revocation or an end. */
const MAX_SPREAD_MS = 1_000;

type Rule = (history: History) => string[];

/** What must hold whatever fails. Each rule gives a line for each time that it did not. */
export const INVARIANTS: Readonly<Record<string, Rule>> = {
  'I1 an accepted request has its reply once, unless its node was killed or its session ended': ({
    asked,
    runs,
    killed,
    ended,
    heard,
  }) => {
    const replies = countOf(repliesIn(heard).map(({ message }) => message.id));
    const lost = new Set(runs.filter(({ node }) => killed?.has(node)).map(({ mark }) => mark));
    return asked
      .filter(({ status, mark }) => status === 200 && !lost.has(mark))
      .flatMap(({ mark, session, text, isLossTold, needsNoReply }) => {
        const isExcused = isLossTold || needsNoReply || ended?.has(session);
        if (!text?.includes(mark) && !isExcused) return [`${mark} was accepted and not answered`];
        const times = replies.get(mark) ?? 1;
        return times > 1 ? [`${mark} was answered ${times} times`] : [];
      });
  },

  'I1b a connection breaks only where a node was killed': ({ asked, killed }) =>
    (killed?.size ?? 0) > 0
      ? []
      : asked.filter(({ status }) => status === undefined).map(({ mark }) => `${mark}: its connection broke`),

  'I2 a reply comes on the stream of its own request': ({ asked, heard }) => {
    const sessions = new Map(asked.map(({ mark, session }) => [mark, session]));
    return repliesIn(heard)
      .filter(({ stream, message: { id } }) => {
        const session = sessions.get(String(id));
        return session !== undefined && stream !== id && stream !== session;
      })
      .map(({ stream, message: { id } }) => `${id} was answered on ${stream}`);
  },

  'I3 progress grows, and comes before the reply': ({ asked, heard = [] }) => {
    const heardOf = Map.groupBy(heard, requestOf);
    return asked.flatMap(({ mark }) => {
      let last = Number.NEGATIVE_INFINITY;
      return (heardOf.get(mark) ?? []).flatMap(({ message: { params } }) => {
        const progress = params?.progress ?? Number.POSITIVE_INFINITY;
        const isLate = progress <= last;
        last = progress;
        return isLate && params !== undefined ? [`${mark}: ${progress} came too late`] : [];
      });
    });
  },

  'I4 an answer holds nothing of another session': ({ asked, heard = [] }) => {
    const owners = new Map(asked.map(({ mark, session }) => [mark, session]));
    const texts = heard.map(({ session, stream, message }) => ({
      session,
      mark: stream,
      text: JSON.stringify(message),
    }));
    return [...asked, ...texts].flatMap(({ text = '', session, mark }) =>
      [...text.matchAll(/mark-[a-z0-9-]+/g)]
        .map(([found]) => found)
        .filter((found) => owners.has(found) && owners.get(found) !== session)
        .map((found) => `${mark} was answered with ${found} of another session`),
    );
  },

  'I5 a request runs once at most, and not at all where it was refused': ({ asked, runs, ended }) => {
    const times = countOf(runs.filter(({ what }) => what === 'begin').map(({ mark }) => mark));
    return [...Map.groupBy(asked, ({ mark }) => mark)].flatMap(([mark, sent]) => {
      const ran = times.get(mark) ?? 0;
      if (ran > 1) return [`${mark} ran ${ran} times`];
      // One that was sent twice may be refused once. One whose session ended meanwhile had begun to run.
      const isRefused = sent.every(
        ({ status = 0, session, at = 0 }) =>
          status >= 400 && status < 500 && at > (ended?.get(session) ?? Number.NEGATIVE_INFINITY),
      );
      return ran === 1 && isRefused ? [`${mark} ran though it was refused by ${sent[0]!.status}`] : [];
    });
  },

  'I6 no session is unknown that has not ended': ({ asked, ended }) =>
    asked
      .filter(({ status, session }) => status === 404 && !ended?.has(session))
      .map(({ mark, session }) => `${mark}: 404 for ${session}`),

  'I7 a server error is 503 with Retry-After': ({ asked }) =>
    asked
      .filter(({ status = 0, retryAfter }) => status >= 500 && (status !== 503 || !retryAfter))
      .map(({ mark, status, retryAfter }) => `${mark}: ${status}, Retry-After ${retryAfter}`),

  'I7b no request is refused for a server error while nothing fails': ({ asked, isCalm = false }) =>
    asked.filter(({ status = 0 }) => isCalm && status >= 500).map(({ mark, status }) => `${mark}: ${status}`),

  'I8 a refusal is quick': ({ asked, stall: [from, to] = [0, 0] }) =>
    asked
      .map(({ at = 0, ms = 0, ...one }) => ({ ...one, ms: at < to && at + ms > from ? at + ms - to : ms }))
      .filter(({ status = 0, ms }) => status >= 400 && ms > MAX_REFUSAL_MS)
      .map(({ mark, status, ms }) => `${mark}: ${status} after ${Math.round(ms)} ms`),

  'I9 nothing of a reply is missing or told twice, unless its client was told of a loss': ({
    asked,
    heard = [],
  }) => {
    const progressOf = Map.groupBy(heard.filter(isProgress), requestOf);
    return asked
      .filter(({ status, steps, isLossTold }) => status === 200 && steps !== undefined && !isLossTold)
      .flatMap(({ mark, steps }) => {
        const came = (progressOf.get(mark) ?? []).map(({ message }) => message.params!.progress);
        const all = Array.from({ length: steps! }, (_, at) => at + 1);
        return isDeepStrictEqual(came, all) ? [] : [`${mark}: of ${steps} steps came ${came.join(', ')}`];
      });
  },

  'I10 what was revoked or has ended is refused everywhere after a second': ({ asked, ended, revoked }) =>
    asked.flatMap(({ mark, session, credential = '', at = 0, status = 0 }) => {
      const since = Math.min(ended?.get(session) ?? Infinity, revoked?.get(credential) ?? Infinity);
      return status === 200 && at > since + MAX_SPREAD_MS
        ? [`${mark} was accepted ${Math.round(at - since)} ms after`]
        : [];
    }),

  'I11 a change is told on one of the streams of each session': ({
    changes = [],
    listening = [],
    heard = [],
  }) => {
    const expected = countOf(changes.map(({ what }) => what));
    return [...listening].flatMap((session) => {
      const told = heard
        .filter((one) => one.session === session)
        .map((one) => ({ ...one, what: describe(one.message) }));
      const missed = changes
        .filter(({ what, at }) => !told.some((one) => one.what === what && one.at >= at))
        .map(({ what }) => `${session} was not told of ${what}`);
      const counts = countOf(told.map(({ what }) => what));
      const repeated = [...expected].filter(([what, times]) => (counts.get(what) ?? 0) > times);
      return [
        ...missed,
        ...repeated.map(([what]) => `${session} was told of ${what} ${counts.get(what)} times`),
      ];
    });
  },

  'I11b a change is sent on one of the streams of a session': ({ heard = [] }) => {
    const names = new Map<string, Set<string>>();
    for (const { session, message, event = '' } of heard) {
      const [, name, offset] = /^standalone-(.+)\.([^.]+)$/.exec(event) ?? [];
      if (name === undefined || message.method === undefined) continue;
      const change = `${session} ${describe(message)} ${offset}`;
      names.set(change, (names.get(change) ?? new Set()).add(name));
    }
    return [...names]
      .filter(([, { size }]) => size > 1)
      .map(([change, { size }]) => `${change}: on ${size} streams`);
  },

  'I12 Redis holds known keys only, each with a time to live': ({ keys = [] }) =>
    keys
      .filter(({ name, ttlMs }) => !KNOWN_KEYS.test(name) || ttlMs === FOREVER)
      .map(({ name, ttlMs }) => `${name} lives ${ttlMs} ms`),

  'I12b the slots that are taken are those of the open sessions': ({ keys = [], live }) => {
    const taken = keys
      .filter(({ name }) => SESSION_SLOTS.test(name))
      .reduce((sum, { members = 0 }) => sum + members, 0);
    return live === undefined || taken === live ? [] : [`${taken} slots for ${live} sessions`];
  },

  'I12c at rest each node holds what it held before': ({ vitals = [] }) =>
    vitals
      .filter(([before, after]) => !isDeepStrictEqual(before, after))
      .map(([before, after]) => `${JSON.stringify(before)} became ${JSON.stringify(after)}`),

  'I13 an answer or a cancellation that was accepted reaches its call': ({ sent = [], runs }) =>
    sent
      .filter(({ status }) => status < 400)
      .filter(({ mark, what }) => !runs.some((run) => run.mark === mark && run.what === what))
      .map(({ mark, what }) => `${mark} was not ${what}`),
};

/** Everything that is wrong with what happened. */
export function violations(history: History): string[] {
  return Object.entries(INVARIANTS).flatMap(([name, rule]) =>
    rule(history).map((line) => `${name}: ${line}`),
  );
}

/** Throws where something is wrong. */
export function assertClean(history: History): void {
  const found = violations(history);
  if (found.length > 0) throw new Error(found.join('\n'));
}

function countOf<Value>(values: Iterable<Value>): Map<Value, number> {
  const counts = new Map<Value, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

function isReply({ message: { id, result, error } }: Heard): boolean {
  return id !== undefined && (result !== undefined || error !== undefined);
}

function repliesIn(heard: readonly Heard[] = []): Heard[] {
  return heard.filter(isReply);
}

function isProgress({ message: { method } }: Heard): boolean {
  return method === 'notifications/progress';
}

/** The mark of the request that a message reports the progress of, or replies to. Histories are long: rules look messages up by it. */
function requestOf(heard: Heard): unknown {
  const { id, params } = heard.message;
  if (isProgress(heard)) return params?.progressToken;
  return isReply(heard) ? id : undefined;
}
