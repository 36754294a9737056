/** A begin or an end of a tool's run, as the tool wrote it down itself. */
export interface Run {
  readonly what: 'begin' | 'end';
  readonly mark: string;
  readonly node: string;
}

/** One request as its client saw it. */
export interface Asked {
  readonly session: string;
  /** What only this request carried: a tool writes it down and answers it. */
  readonly mark: string;
  /** Undefined: its connection broke. */
  status?: number;
  retryAfter?: string | null;
  /** Everything that came back. */
  text?: string;
  ms?: number;
}

/** What happened, from both ends. */
export interface History {
  readonly asked: readonly Asked[];
  readonly runs: readonly Run[];
  /** Sessions that were deleted or have expired on purpose. */
  readonly ended?: ReadonlySet<string>;
  /** Nodes that were killed, not stopped. */
  readonly killed?: ReadonlySet<string>;
  readonly keys?: readonly RedisKey[];
}

export interface RedisKey {
  readonly name: string;
  readonly ttlMs: number;
}

const KNOWN_KEYS = /^mcp:(r|l|b|g|s):\{.+\}$/;
/** A refusal is no wait. */
const MAX_REFUSAL_MS = 5_000;

type Rule = (history: History) => string[];

/** What must hold whatever fails. Each rule gives a line for each time that it did not. */
export const INVARIANTS: Readonly<Record<string, Rule>> = {
  'I1 an accepted request has its reply, unless its node was killed': ({ asked, runs, killed }) =>
    asked
      .filter(({ status, text, mark }) => status === 200 && !isAnswered(text, mark))
      .filter(({ mark }) => !runs.some((run) => run.mark === mark && killed?.has(run.node)))
      .map(({ mark }) => `${mark} was accepted and not answered`),

  'I1b a connection breaks only where a node was killed': ({ asked, killed }) =>
    (killed?.size ?? 0) > 0
      ? []
      : asked.filter(({ status }) => status === undefined).map(({ mark }) => `${mark}: its connection broke`),

  'I4 an answer holds nothing of another session': ({ asked }) => {
    const owners = new Map(asked.map(({ mark, session }) => [mark, session]));
    return asked.flatMap(({ text = '', session, mark }) =>
      [...text.matchAll(/mark-[a-z0-9-]+/g)]
        .map(([found]) => found)
        .filter((found) => owners.has(found) && owners.get(found) !== session)
        .map((found) => `${mark} was answered with ${found} of another session`),
    );
  },

  'I5 a request runs once at most, and not at all where it was refused': ({ asked, runs }) =>
    asked.flatMap(({ mark, status = 0 }) => {
      const times = runs.filter((run) => run.what === 'begin' && run.mark === mark).length;
      if (times > 1) return [`${mark} ran ${times} times`];
      return times === 1 && status >= 400 && status < 500
        ? [`${mark} ran though it was refused by ${status}`]
        : [];
    }),

  'I6 no session is unknown that has not ended': ({ asked, ended }) =>
    asked
      .filter(({ status, session }) => status === 404 && !ended?.has(session))
      .map(({ mark, session }) => `${mark}: 404 for ${session}`),

  'I7 a server error is 503 with Retry-After': ({ asked }) =>
    asked
      .filter(({ status = 0, retryAfter }) => status >= 500 && (status !== 503 || !retryAfter))
      .map(({ mark, status, retryAfter }) => `${mark}: ${status}, Retry-After ${retryAfter}`),

  'I8 a refusal is quick': ({ asked }) =>
    asked
      .filter(({ status = 0, ms = 0 }) => status >= 400 && ms > MAX_REFUSAL_MS)
      .map(({ mark, status, ms }) => `${mark}: ${status} after ${Math.round(ms ?? 0)} ms`),

  'I12 Redis holds known keys only, each with a time to live': ({ keys = [] }) =>
    keys
      .filter(({ name, ttlMs }) => !KNOWN_KEYS.test(name) || ttlMs <= 0)
      .map(({ name, ttlMs }) => `${name} lives ${ttlMs} ms`),
};

/** Everything that is wrong with what happened. */
export function violations(history: History): string[] {
  return Object.entries(INVARIANTS).flatMap(([name, rule]) =>
    rule(history).map((line) => `${name}: ${line}`),
  );
}

function isAnswered(text: string | undefined, mark: string): boolean {
  return text?.includes(mark) ?? false;
}
