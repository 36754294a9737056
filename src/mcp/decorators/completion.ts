import type { CallContext } from './call-context.js';

/** An argument that somebody is typing. MCP 2025-11-25, Utilities: Completion. */
export interface CompletionRequest {
  /** Of the prompt's argument, or of the variable in the URI template. */
  readonly name: string;
  /** What has been typed so far. */
  readonly value: string;
  /** The arguments that are settled already. */
  readonly others: Readonly<Record<string, string>>;
}

/** Suggestions, best first. The client is sent 100 at most. */
export type Completion =
  | readonly string[]
  | { readonly values: readonly string[]; readonly total?: number; readonly hasMore?: boolean };

/** What a resource or prompt class may have to suggest values for an argument. */
export interface Completes {
  complete?(request: CompletionRequest, context: CallContext): Completion | Promise<Completion>;
}
