/**
 * `gone`: the node does not live any more. `unsure`: it may not live, or can't be reached now. `timeout`: it has not
 * answered; it may have acted. `unsupported`: it does not know such mail, as one of another version. `failed`: what it
 * runs for such mail has thrown.
 */
export type MailProblem = 'gone' | 'unsure' | 'timeout' | 'unsupported' | 'failed';

/** Mail to another node was not answered. */
export class MailError extends Error {
  override readonly name = 'MailError';

  constructor(readonly problem: MailProblem) {
    super(`Another node has not answered: ${problem}`);
  }
}
