/** A tool cannot be registered as it is written. The message names the class and how to mend it. */
export class ToolWiringError extends Error {
  override readonly name = 'ToolWiringError';

  constructor(className: string, problem: string) {
    super(`Tool class ${className}: ${problem}`);
  }
}
