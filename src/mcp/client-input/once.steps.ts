/** What a step resolved with, as JSON keeps it: a list of one value, or of none for `undefined`. */
export type StepResult = readonly [] | readonly [unknown];

/** The steps of a call that run once. */
export class OnceSteps {
  private readonly results = new Map<string, Promise<StepResult>>();

  /** What an earlier round of the call has done. */
  keep(key: string, result: StepResult): void {
    this.results.set(key, Promise.resolve(result));
  }

  has(key: string): boolean {
    return this.results.has(key);
  }

  /** A step that failed has not been run: it may be tried again. */
  async run<T>(key: string, step: () => T | Promise<T>): Promise<T> {
    let result = this.results.get(key);
    if (result === undefined) {
      result = resultOf(step);
      this.results.set(key, result);
      result.catch(() => this.results.delete(key));
    }
    // Everybody gets a value of its own, and one that looks as it will when the handler is run again.
    return structuredClone((await result)[0]) as T;
  }

  /** What has been done, once no step is under way any more. */
  async settled(): Promise<ReadonlyMap<string, StepResult>> {
    const done = new Map<string, StepResult>();
    for (const [key, result] of this.results) {
      const value = await result.catch(() => undefined);
      if (value !== undefined) done.set(key, value);
    }
    return done;
  }
}

async function resultOf(step: () => unknown): Promise<StepResult> {
  const text = JSON.stringify(await step()) as string | undefined;
  return text === undefined ? [] : [JSON.parse(text)];
}
