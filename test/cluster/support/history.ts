/** What happened in a tool's run, as the tool wrote it down itself. */
export interface Run {
  /** `answered`: its client has answered its question. `aborted`: it has ended early, since its call was aborted. */
  readonly what: 'begin' | 'answered' | 'aborted' | 'end';
  readonly mark: string;
  readonly node: string;
}

/** One request as its client saw it. */
export interface Asked {
  readonly session: string;
  /** What only this request carried: its id, which a tool writes down and answers. */
  readonly mark: string;
  /** When it was sent, by `performance.now()`. */
  readonly at?: number;
  /** The token it carried, by a name of its own. */
  readonly credential?: string;
  /** How many steps its tool reports, counting from 1. */
  readonly steps?: number;
  /** Undefined: its connection broke. */
  status?: number;
  retryAfter?: string | null;
  /** Everything that came back. */
  text?: string;
  ms?: number;
  /** The client was told that a part of the reply is lost. */
  isLossTold?: boolean;
  /** It is no JSON-RPC request, or its client has left or has cancelled it. */
  needsNoReply?: boolean;
}

/** The parts of a JSON-RPC message that rules read. */
export interface Message {
  readonly id?: string | number | null;
  readonly method?: string;
  readonly params?: {
    readonly progressToken?: unknown;
    readonly progress?: number;
    readonly uri?: string;
    readonly requestId?: unknown;
    readonly _meta?: { readonly progressToken?: unknown };
  };
  readonly result?: unknown;
  readonly error?: { readonly code: number };
}

/** A message that a client received, in the order in which they came. */
export interface Heard {
  readonly session: string;
  /** The mark of the request whose response it came in; the id of the session for its stream of `/sse`; else the name of a standalone stream. */
  readonly stream: string;
  readonly at: number;
  readonly message: Message;
  /** The id of its event. */
  readonly event?: string;
}

/** What a client sent to one of its running requests. */
export interface Sent {
  readonly mark: string;
  /** What the run has to write down. */
  readonly what: 'answered' | 'aborted';
  readonly status: number;
}

/** A change that sessions were to be told of. */
export interface Change {
  /** As {@link describe} names its notification. */
  readonly what: string;
  readonly at: number;
}

export interface RedisKey {
  readonly name: string;
  readonly ttlMs: number;
  /** Of a sorted set. */
  readonly members?: number;
}

/** What happened, from both ends. */
export interface History {
  readonly asked: readonly Asked[];
  readonly runs: readonly Run[];
  readonly heard?: readonly Heard[];
  /** Sessions that were deleted or have ended with their stream, and since when that is known, by `performance.now()`. */
  readonly ended?: ReadonlyMap<string, number>;
  /** Names of tokens that were revoked, and when that was confirmed. */
  readonly revoked?: ReadonlyMap<string, number>;
  /** Nodes that were killed, not stopped. */
  readonly killed?: ReadonlySet<string>;
  /** While a node hung: what was sent to it waits until then. */
  readonly stall?: readonly [from: number, to: number];
  readonly sent?: readonly Sent[];
  /** Nothing has failed: nodes were at most stopped in order. */
  readonly isCalm?: boolean;
  readonly changes?: readonly Change[];
  /** The sessions that listened during all changes. */
  readonly listening?: ReadonlySet<string>;
  readonly keys?: readonly RedisKey[];
  /** How many sessions are open. Undefined: slots are not compared. */
  readonly live?: number;
  /** What each node held before and after. */
  readonly vitals?: readonly (readonly [before: object, after: object])[];
}

/** A notification by its method and what it is about. */
export function describe({ method = '', params }: Message): string {
  return [method.replace('notifications/', ''), params?.uri].filter(Boolean).join(' ');
}
