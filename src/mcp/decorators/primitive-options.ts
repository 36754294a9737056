import type { Icon } from '../messages/sdk-types.js';

/** Scopes that a caller must have: all of a list, or one of `anyOf`. */
export type RequiredScopes = readonly string[] | { readonly anyOf: readonly string[] };

/** What tools, resources and prompts have in common: how they present themselves, and who may use them. */
export interface PrimitiveOptions {
  /** A name for people. */
  readonly title?: string;
  readonly icons?: readonly Icon[];
  /** `_meta` of the list entry, for extensions. */
  readonly meta?: Readonly<Record<string, unknown>>;
  /** For anybody without them the entry does not exist, unless it is marked {@link stepUp}. */
  readonly scopes?: RequiredScopes;
  /**
   * Lists the entry for everyone, and answers a caller without its scopes with 403 `insufficient_scope` and
   * every scope it needs, so that a client can ask its user for more.
   */
  readonly stepUp?: boolean;
  /** Milliseconds after which a call is given up. Left out: the server's default. */
  readonly timeoutMs?: number;
}
