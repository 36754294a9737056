import type { Icon } from '../messages/sdk-types.js';

/** Scopes that a caller needs: all of a list, or one of `anyOf`. */
export type RequiredScopes = readonly string[] | { readonly anyOf: readonly string[] };

/** Options of tools, resources and prompts. */
export interface PrimitiveOptions {
  /** A display name. */
  readonly title?: string;
  readonly icons?: readonly Icon[];
  /** `_meta` of the list entry, for extensions. */
  readonly meta?: Readonly<Record<string, unknown>>;
  /** A caller without them is treated as if the primitive did not exist, unless {@link stepUp} is set. */
  readonly scopes?: RequiredScopes;
  /**
   * Lists the primitive for every caller, and answers a caller without its scopes with 403 `insufficient_scope` and
   * every scope it needs, so that a client can ask its user for more.
   */
  readonly stepUp?: boolean;
  /** Milliseconds after which a call is aborted. Default: the server's. */
  readonly timeoutMs?: number;
}
