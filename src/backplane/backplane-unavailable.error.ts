/**
 * The engine that the nodes share cannot be reached, or refuses to write. What was asked may have been done all the
 * same. HTTP requests are answered with 503 and `Retry-After: 1`.
 */
export class BackplaneUnavailable extends Error {
  override readonly name = 'BackplaneUnavailable';
  /** Stable, for programs. */
  readonly code = 'BACKPLANE_UNAVAILABLE';

  /** `reason` goes into the log and holds no secret. */
  constructor(
    readonly reason: string,
    cause?: unknown,
  ) {
    super(`The state that the nodes share is not available: ${reason}`, { cause });
  }
}
