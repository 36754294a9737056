import { Injectable } from '@nestjs/common';
import { collectAfter } from './garbage.js';

interface Piece {
  readonly begin: () => void;
  readonly bytes: number;
}

/**
 * Runs expensive work one piece at a time, users in turn: between two pieces of one user runs a piece of each other
 * waiting user. Pieces take at most half of the time. The rest is for cheap work and new connections, of which the
 * system accepts one or two per turn of the event loop.
 */
@Injectable()
export class FairTurns {
  /** Waiting pieces by user; the user whose turn is next comes first. */
  private readonly waiting = new Map<string, Piece[]>();
  /** A piece is running, or has just run. */
  private isBusy = false;

  /**
   * Resolves when it is this user's turn. The piece is what runs up to the next await. `bytes`: size of the piece's
   * message; its garbage is collected afterwards.
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
    // The user's further pieces go to the end of the queue.
    this.waiting.delete(user);
    const { begin, bytes } = queue.shift()!;
    if (queue.length > 0) this.waiting.set(user, queue);
    const startedAt = performance.now();
    begin();
    setImmediate(() => {
      // The piece has run by now.
      collectAfter(bytes);
      setTimeout(() => this.next(), performance.now() - startedAt);
    });
  }
}
