import { Injectable } from '@nestjs/common';
import { BackplaneStatus } from '../backplane/index.js';

/** Whether this node wants traffic. What makes it unfit says so. */
@Injectable()
export class Readiness {
  private readonly reasons = new Set<string>();

  constructor(private readonly backplane: BackplaneStatus) {}

  /**
   * Not an outage of what the nodes share: all nodes would leave at once, and their balancer would answer in their place,
   * with what it likes.
   */
  get obstacles(): readonly string[] {
    const { obstacle } = this.backplane;
    return obstacle === undefined ? [...this.reasons] : [...this.reasons, obstacle];
  }

  /** What an operator should know, though the node wants traffic: why what the nodes share is out of reach. */
  get outage(): string | undefined {
    return this.backplane.outage;
  }

  /** `reason` is shown to whoever asks: one word, no secret. */
  obstruct(reason: string): void {
    this.reasons.add(reason);
  }
}
