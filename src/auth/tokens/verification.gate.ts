/** Enough to keep Node's thread pool busy, which computes signatures. */
const MAX_RUNNING = 8;

/**
 * Limits how many signatures of one issuer are verified at a time. Waiting client networks take turns: a flood of
 * invalid tokens from one delays the tokens of another by one round only.
 */
export class VerificationGate {
  private running = 0;
  /** Waiting verifications by network; the network whose turn is next comes first. */
  private readonly waiting = new Map<string, (() => void)[]>();

  /** Resolves when it is the turn of `network`, with the function to call after verification. */
  async enter(network: string): Promise<() => void> {
    if (this.running < MAX_RUNNING) this.running += 1;
    else await this.turnOf(network);
    return () => this.leave();
  }

  private turnOf(network: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const queue = this.waiting.get(network);
    if (queue === undefined) this.waiting.set(network, [resolve]);
    else queue.push(resolve);
    return promise;
  }

  /** Passes the slot on, or frees it. */
  private leave(): void {
    const [next] = this.waiting;
    if (next === undefined) {
      this.running -= 1;
      return;
    }
    const [network, queue] = next;
    const admit = queue.shift()!;
    this.waiting.delete(network);
    if (queue.length > 0) this.waiting.set(network, queue);
    admit();
  }
}
