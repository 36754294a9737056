import { Injectable } from '@nestjs/common';

/** Whether this node wants traffic. Something that makes it unfit says so, and says when it is over. */
@Injectable()
export class Readiness {
  private readonly reasons = new Set<string>();

  get obstacles(): readonly string[] {
    return [...this.reasons];
  }

  /** `reason` is shown to whoever asks: one word, no secret. */
  obstruct(reason: string): void {
    this.reasons.add(reason);
  }

  clear(reason: string): void {
    this.reasons.delete(reason);
  }
}
