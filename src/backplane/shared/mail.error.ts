/**
 * `gone`: the node no longer runs. `unsure`: it may not run, or cannot be reached now. `timeout`: it has not answered,
 * but may have handled the mail. `unsupported`: it has another version, which does not know this kind of mail.
 * `failed`: its handler has thrown.
 */
export type MailProblem = 'gone' | 'unsure' | 'timeout' | 'unsupported' | 'failed';

/** Mail to another node that was not answered. */
export class MailError extends Error {
  override readonly name = 'MailError';

  constructor(readonly problem: MailProblem) {
    super(`Another node has not answered: ${problem}`);
  }
}
