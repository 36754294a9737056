/** The shared server is configured in a way that the nodes cannot use: the process must not start. */
export class BackplaneRefused extends Error {
  override readonly name = 'BackplaneRefused';
  /** Stable error code. */
  readonly code = 'BACKPLANE_REFUSED';

  /** `remedy`: the setting to change. Neither text contains a secret. */
  constructor(problem: string, remedy: string, cause?: unknown) {
    super(
      `REDIS_URL leads to a server that can't be used: ${problem}.\n  ${remedy}\nSee docs/scale-out.md.`,
      { cause },
    );
  }
}
