import type { Following, LogEntry, LogFollower, Logs, Offset } from '../logs.js';

/** What one node reads without end: one reader for all the logs that its parts follow. */
export class NodeFeed implements LogFollower {
  private readonly followers = new Map<string, LogFollower>();
  private following: Following | undefined;

  constructor(private readonly logs: Logs) {}

  /** `follower` hears of `log` once the feed is started. One for each log. */
  follow(log: string, follower: LogFollower): void {
    this.followers.set(log, follower);
  }

  /** Resolves once nothing that is appended later can be missed. */
  async start(): Promise<void> {
    this.following ??= await this.logs.follow([...this.followers.keys()], this);
  }

  async stop(): Promise<void> {
    await this.following?.stop();
    this.following = undefined;
  }

  /** See {@link Following.lagMs}; without end while it is not started. */
  get lagMs(): number {
    return this.following?.lagMs ?? Number.POSITIVE_INFINITY;
  }

  forget(log: string, before: Offset): void {
    this.following?.forget(log, before);
  }

  take(log: string, batch: readonly LogEntry[]): void {
    this.followers.get(log)?.take(log, batch);
  }

  gap(log: string): void {
    this.followers.get(log)?.gap(log);
  }
}
