/**
 * A map whose entries expire. Reading an expired entry removes it; `sweep` removes those
 * that are not read. Times are milliseconds since the epoch.
 */
export class ExpiringMap<V> {
  private readonly entries = new Map<string, { value: V; expiresAt: number }>();

  constructor(private readonly now: () => number = Date.now) {}

  get size(): number {
    return this.entries.size;
  }

  keys(): Iterable<string> {
    return this.entries.keys();
  }

  get(key: string): V | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    if (entry.expiresAt > this.now()) return entry.value;
    this.entries.delete(key);
    return undefined;
  }

  set(key: string, value: V, expiresAt: number): void {
    this.entries.set(key, { value, expiresAt });
  }

  /** False: no such entry. */
  extend(key: string, expiresAt: number): boolean {
    if (this.get(key) === undefined) return false;
    this.entries.get(key)!.expiresAt = expiresAt;
    return true;
  }

  /** False: no such entry. */
  delete(key: string): boolean {
    const had = this.get(key) !== undefined;
    this.entries.delete(key);
    return had;
  }

  sweep(): void {
    const now = this.now();
    for (const [key, entry] of this.entries) if (entry.expiresAt <= now) this.entries.delete(key);
  }
}
