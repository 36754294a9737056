/** The name, title and version that a server sends to clients. */
export interface Identity {
  /** A name for programs, such as `orders`. */
  readonly name: string;
  readonly version: string;
  /** A display name. Default: `name`. */
  readonly title?: string | undefined;
  /** A hint for models on using this server's tools; sent once, at initialize. */
  readonly instructions?: string | undefined;
}

/** Injects {@link Identity}. */
export const IDENTITY = Symbol('IDENTITY');
