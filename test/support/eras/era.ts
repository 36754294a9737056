import type { Reply } from '../raw-session.js';
import type { Answer, Sending } from '../wire.js';

export type Params = Readonly<Record<string, unknown>>;

/** The differences from a valid POST. */
export interface Posting extends Omit<Sending, 'body'> {
  /** Headers of a valid POST that this one lacks. */
  readonly without?: readonly string[];
  /** An additional query, appended to the valid address. */
  readonly query?: string;
}

/** A message of the server that is not a reply. */
export interface Notice {
  readonly method: string;
  readonly params: Params;
}

/** A request in progress. */
export interface Underway {
  /** The complete response to the POST. */
  readonly answer: Promise<Answer>;
  /** Resolves when the stream of the reply has ended for any reason. */
  readonly ended: Promise<void>;
  reply(): Promise<Reply>;
  /** Cancels the request, as its revision defines. */
  cancel(): Promise<void>;
}

/** A client of one revision, for valid and invalid messages. */
export interface EraClient {
  /** All messages of the server except replies, oldest first. */
  readonly notices: readonly Notice[];
  /** The head of a valid POST of `message` as text; the test sends the body. */
  headOf(message: string): string;
  begin(id: string | number, method: string, params?: Params): Underway;
  request(id: string | number, method: string, params?: Params): Promise<Reply>;
  /** Posts exact bytes. `headers` replace those of a valid POST that have the same name. */
  send(body: Sending['body'], posting?: Posting): Promise<Answer>;
  /** The reply to a posted message: on the stream, or in the response. */
  replyTo(id: string | number, answer: Answer): Promise<Reply>;
  /** From now on the client gets log messages of this level and above. */
  wantLogs(level: string): Promise<void>;
  close(): void;
}

/** A revision, over the transport that it introduced. */
export interface Era {
  readonly name: string;
  readonly revision: '2024-11-05' | '2025-11-25' | '2026-07-28';
  /** The route to which messages are posted. */
  readonly route: '/message' | '/mcp';
  /** The status of a POST whose request was accepted. */
  readonly taken: 200 | 202;
  /** The required members of `_meta` in each request, as JSON text without braces. */
  readonly envelope: string;
  /** A request as JSON text, with all required members. */
  readonly request: (id: string | number, method: string, params?: Params) => string;
  readonly connect: (url: string, token: string) => Promise<EraClient>;
}
