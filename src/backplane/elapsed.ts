/**
 * Measures time since a mark by the clock that has advanced further: the monotonic clock stops while a virtual
 * machine is paused, and the wall clock may be set back.
 */
export class Elapsed {
  private monotonic = performance.now();
  private wall = Date.now();

  mark(): void {
    this.monotonic = performance.now();
    this.wall = Date.now();
  }

  get ms(): number {
    return Math.max(performance.now() - this.monotonic, Date.now() - this.wall);
  }
}
