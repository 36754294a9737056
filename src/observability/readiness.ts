import { Injectable } from '@nestjs/common';
import { BackplaneStatus } from '../backplane/index.js';

/** Whether this node accepts traffic: `GET /health/ready`. Any module may inject it, and report obstacles and clear them. */
@Injectable()
export class Readiness {
  private readonly reasons = new Set<string>();

  constructor(private readonly backplane: BackplaneStatus) {}

  /**
   * Does not include an outage of the backplane: all nodes would become not ready at once, and their balancer would
   * answer instead.
   */
  get obstacles(): readonly string[] {
    const { obstacle } = this.backplane;
    return obstacle === undefined ? [...this.reasons] : [...this.reasons, obstacle];
  }

  /** Why the backplane is unreachable, for operators; the node stays ready. */
  get outage(): string | undefined {
    return this.backplane.outage;
  }

  /** Makes this node not ready until {@link clear}. `reason` is public: one word, no secret. */
  obstruct(reason: string): void {
    this.reasons.add(reason);
  }

  /** Removes an obstacle; no effect on an unknown one. */
  clear(reason: string): void {
    this.reasons.delete(reason);
  }
}
