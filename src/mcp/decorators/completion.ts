import type { CallContext } from './call-context.js';

/** An argument to be completed. MCP 2025-11-25, Utilities: Completion. */
export interface CompletionRequest {
  /** Name of the prompt's argument, or of the variable in the URI template. */
  readonly name: string;
  /** The text typed so far. */
  readonly value: string;
  /** The arguments already chosen. */
  readonly others: Readonly<Record<string, string>>;
}

/** Suggestions, best first. The client receives at most 100. */
export type Completion =
  | readonly string[]
  | { readonly values: readonly string[]; readonly total?: number; readonly hasMore?: boolean };

/** Optional method of a resource or prompt class that suggests values for an argument. */
export interface Completes {
  complete?(request: CompletionRequest, context: CallContext): Completion | Promise<Completion>;
}
