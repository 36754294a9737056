/** A tool, resource or prompt cannot be registered as it is written. The message names the class and how to mend it. */
export class WiringError extends Error {
  override readonly name = 'WiringError';

  constructor(className: string, problem: string) {
    super(`Class ${className}: ${problem}`);
  }
}
