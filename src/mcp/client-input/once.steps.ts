/** The result of a step as kept in JSON: a list of one value, or an empty one for `undefined`. */
export type StepResult = readonly [] | readonly [unknown];

/** The steps of a call that run once. */
export class OnceSteps {
  private readonly results = new Map<string, Promise<StepResult>>();

  /** Restores the result of an earlier round. */
  keep(key: string, result: StepResult): void {
    this.results.set(key, Promise.resolve(result));
  }

  has(key: string): boolean {
    return this.results.has(key);
  }

  /** A failed step is not kept and may run again. */
  async run<T>(key: string, step: () => T | Promise<T>): Promise<T> {
    let result = this.results.get(key);
    if (result === undefined) {
      result = resultOf(step);
      this.results.set(key, result);
      result.catch(() => this.results.delete(key));
    }
    // Each caller gets its own copy, in the form that it has when the handler is run again.
    return structuredClone((await result)[0]) as T;
  }

  /** The results, once no step is in progress. */
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
