import { Injectable } from '@nestjs/common';

/** Turns of the event loop between two pieces: what is cheap takes several until it is answered. */
const LOOP_TURNS = 5;

/**
 * Work that takes the process a while, one piece for each turn of the event loop, and the users in turn: between two
 * pieces of one user comes a piece of each other one that waits, and all that is cheap.
 */
@Injectable()
export class FairTurns {
  /** What each user waits for, in the order in which the users come. */
  private readonly waiting = new Map<string, (() => void)[]>();

  /** Resolves when it is this user's turn. What it does then, up to where it waits again, is one piece. */
  take(user: string): Promise<void> {
    return new Promise((resolve) => {
      const queue = this.waiting.get(user);
      if (queue !== undefined) return void queue.push(resolve);
      if (this.waiting.size === 0) this.later(1);
      this.waiting.set(user, [resolve]);
    });
  }

  private next(): void {
    const [first] = this.waiting;
    if (first === undefined) return;
    const [user, queue] = first;
    // To the end of the row, where there is more to do for this user.
    this.waiting.delete(user);
    queue.shift()!();
    if (queue.length > 0) this.waiting.set(user, queue);
    if (this.waiting.size > 0) this.later(LOOP_TURNS);
  }

  private later(turns: number): void {
    setImmediate(() => (turns > 1 ? this.later(turns - 1) : this.next()));
  }
}
