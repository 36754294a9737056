import type { Reply } from '../raw-session.js';
import type { Answer, Sending } from '../wire.js';

export type Params = Readonly<Record<string, unknown>>;

/** What a test has different from a good POST. */
export interface Posting extends Omit<Sending, 'body'> {
  /** Headers of a good POST that this one lacks. */
  readonly without?: readonly string[];
  /** More of a query, in front of which the address is as it should be. */
  readonly query?: string;
}

/** A message of the server's that is no reply. */
export interface Notice {
  readonly method: string;
  readonly params: Params;
}

/** A request that is on its way. */
export interface Underway {
  /** What the POST was answered with, once all of it has come. */
  readonly answer: Promise<Answer>;
  /** Resolves when the stream that the reply comes on has ended, however. */
  readonly ended: Promise<void>;
  reply(): Promise<Reply>;
  /** Gives it up, in the way of the revision. */
  cancel(): Promise<void>;
}

/** A client of one revision, driven by hand: it sends what a good client would, or anything else. */
export interface EraClient {
  /** All that the server has sent beside replies, oldest first. */
  readonly notices: readonly Notice[];
  /** The head of a good POST of `message`, as it goes over the wire; what follows is up to the test. */
  headOf(message: string): string;
  begin(id: string | number, method: string, params?: Params): Underway;
  call(id: string | number, method: string, params?: Params): Promise<Reply>;
  /** Posts exact bytes. `headers` stand in place of those of a good POST that have the same name. */
  post(body: Sending['body'], posting?: Posting): Promise<Answer>;
  /** The reply to what was posted: on the stream, or in the answer. */
  replyTo(id: string | number, answer: Answer): Promise<Reply>;
  /** From here on it hears log messages of this level and above. */
  wantLogs(level: string): Promise<void>;
  close(): void;
}

/** A revision, over the transport that it came with. */
export interface Era {
  readonly name: string;
  readonly revision: '2024-11-05' | '2025-11-25' | '2026-07-28';
  /** Where messages are posted. */
  readonly route: '/message' | '/mcp';
  /** The status of a POST whose request was taken. */
  readonly taken: 200 | 202;
  /** Members of `_meta`, as JSON text without braces, that each request of it has to have. */
  readonly envelope: string;
  /** A request as JSON text, with all that it wants in there. */
  readonly request: (id: string | number, method: string, params?: Params) => string;
  readonly connect: (url: string, token: string) => Promise<EraClient>;
}
