import type { Following, LogEntry, LogFollower, Logs, Offset } from '../logs.js';

/** The one reader of a node, for all logs that its parts follow. */
export class NodeFeed implements LogFollower {
  private readonly followers = new Map<string, LogFollower>();
  private following: Following | undefined;

  constructor(private readonly logs: Logs) {}

  /** `follower` receives the entries of `log` once the feed is started. One follower for each log. */
  follow(log: string, follower: LogFollower): void {
    this.followers.set(log, follower);
  }

  /** Resolves when no later entry can be missed. */
  async start(): Promise<void> {
    this.following ??= await this.logs.follow([...this.followers.keys()], this);
  }

  async stop(): Promise<void> {
    await this.following?.stop();
    this.following = undefined;
  }

  /** See {@link Following.lagMs}; infinite before the start. */
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
