/** A tool, resource or prompt cannot be registered as written. The message names the class and the remedy. */
export class WiringError extends Error {
  override readonly name = 'WiringError';

  constructor(className: string, problem: string) {
    super(`Class ${className}: ${problem}`);
  }
}
