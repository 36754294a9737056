/** The server that the nodes would share can't be used as it is set up: the process must not start. */
export class BackplaneRefused extends Error {
  override readonly name = 'BackplaneRefused';
  /** Stable, for programs. */
  readonly code = 'BACKPLANE_REFUSED';

  /** `remedy`: the line that mends it. Neither text holds a secret. */
  constructor(problem: string, remedy: string, cause?: unknown) {
    super(
      `REDIS_URL leads to a server that can't be used: ${problem}.\n  ${remedy}\nSee docs/scale-out.md.`,
      { cause },
    );
  }
}
