/**
 * The engine cannot be reached, or refuses to write. The operation may still have been executed. HTTP requests are
 * answered with 503 and `Retry-After: 1`.
 */
export class BackplaneUnavailable extends Error {
  override readonly name = 'BackplaneUnavailable';
  /** Stable error code. */
  readonly code = 'BACKPLANE_UNAVAILABLE';

  /** `reason` is logged, and contains no secret. */
  constructor(
    readonly reason: string,
    cause?: unknown,
  ) {
    super(`The state that the nodes share is not available: ${reason}`, { cause });
  }
}
