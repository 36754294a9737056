/** One wrong setting. It never holds the value. */
export interface SettingProblem {
  /** Name of the variable, or of the file that could not be read. */
  readonly name: string;
  /** What is wrong; continues the sentence that starts with the name. */
  readonly reason: string;
  /** A valid line. */
  readonly example: string;
}

/** The process must not start: thrown once, with every problem in the configuration. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
  /** Stable, for programs. */
  readonly code = 'CONFIGURATION_INVALID';
  readonly problems: readonly SettingProblem[];

  /** `head`: the sentence above the problems. */
  constructor(problems: readonly SettingProblem[], head = "The server can't start with this configuration") {
    super(describe(problems, head));
    this.problems = problems;
  }
}

function describe(problems: readonly SettingProblem[], head: string): string {
  const lines = problems.map(
    ({ name, reason, example }) => `  ${name} ${reason}\n      for example: ${example}`,
  );
  return `${head}:\n${lines.join('\n')}\nSee docs/configuration.md.`;
}
