import { Injectable } from '@nestjs/common';
import { collectAfter } from './garbage.js';

interface Piece {
  readonly begin: () => void;
  readonly bytes: number;
}

/**
 * Work that takes the process a while, one piece at a time, and the users in turn: between two pieces of one user comes
 * a piece of each other user that waits. Pieces take half of the time at most. The other half is for all that is cheap,
 * and for taking new connections: of those the system hands over one or two in each turn of the event loop.
 */
@Injectable()
export class FairTurns {
  /** What each user waits for, in the order in which the users come. */
  private readonly waiting = new Map<string, Piece[]>();
  /** A piece is run, or was run just now. */
  private isBusy = false;

  /**
   * Resolves when it is this user's turn. What it does then, up to where it waits again, is one piece. `bytes`: of the
   * message that it is about; what the piece leaves behind is collected after it.
   */
  take(user: string, bytes = 0): Promise<void> {
    return new Promise((begin) => {
      const queue = this.waiting.get(user);
      if (queue === undefined) this.waiting.set(user, [{ begin, bytes }]);
      else queue.push({ begin, bytes });
      if (this.isBusy) return;
      this.isBusy = true;
      setImmediate(() => this.next());
    });
  }

  private next(): void {
    const [first] = this.waiting;
    if (first === undefined) {
      this.isBusy = false;
      return;
    }
    const [user, queue] = first;
    // To the end of the row, where there is more to do for this user.
    this.waiting.delete(user);
    const { begin, bytes } = queue.shift()!;
    if (queue.length > 0) this.waiting.set(user, queue);
    const startedAt = performance.now();
    begin();
    setImmediate(() => {
      // By now the piece has been run.
      collectAfter(bytes);
      setTimeout(() => this.next(), performance.now() - startedAt);
    });
  }
}
