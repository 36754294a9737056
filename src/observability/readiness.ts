import { Injectable } from '@nestjs/common';

/** Whether this node wants traffic. What makes it unfit says so. */
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
}
