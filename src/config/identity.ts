/** How a server introduces itself to clients, models and people. */
export interface Identity {
  /** For programs, such as `orders`. */
  readonly name: string;
  readonly version: string;
  /** For people. Default: the name. */
  readonly title?: string | undefined;
  /** A hint for models on using this server's tools; sent once, at initialize. */
  readonly instructions?: string | undefined;
}

/** Injects {@link Identity}. */
export const IDENTITY = Symbol('IDENTITY');
