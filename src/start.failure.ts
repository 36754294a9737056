/**
 * Ends a process that could not start, with 1. The settings or the wiring: the message says what to mend, and a stack
 * would only hide it.
 */
export function endUnstarted(error: unknown): void {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  // What was begun before it failed, a pool of connections, would keep a process that serves nobody.
  process.stderr.write(`${text}\n`, () => process.exit(1));
}
