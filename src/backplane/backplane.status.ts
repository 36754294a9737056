/** Why a node that has not joined the others yet is not ready. */
export type BackplaneObstacle = 'backplane_unreachable' | 'backplane_refused';

/** The state of this node's connection to the shared engine. The memory engine is always available. */
export class BackplaneStatus {
  private lostAt: number | undefined;
  private reason: string | undefined;
  private hasJoined: boolean;
  private isRefused = false;

  /** `isRemote`: the engine is a server, and this node is not connected yet. */
  constructor(isRemote = false) {
    this.hasJoined = !isRemote;
    if (isRemote) this.lostAt = performance.now();
  }

  /** Undefined after this node has joined once: a later outage does not make a node unready. */
  get obstacle(): BackplaneObstacle | undefined {
    if (this.isRefused) return 'backplane_refused';
    return this.hasJoined ? undefined : 'backplane_unreachable';
  }

  /** Why the engine is unavailable now, without a secret. Undefined: it is available. */
  get outage(): string | undefined {
    return this.lostAt === undefined ? undefined : (this.reason ?? 'not connected');
  }

  /** For how long it has been unavailable, in milliseconds; 0 while it is available. */
  get outageMs(): number {
    return this.lostAt === undefined ? 0 : performance.now() - this.lostAt;
  }

  up(): void {
    this.lostAt = undefined;
    this.reason = undefined;
  }

  /** False: it was unavailable already. */
  down(reason: string): boolean {
    if (this.lostAt !== undefined) return false;
    this.lostAt = performance.now();
    this.reason = reason;
    return true;
  }

  joined(): void {
    this.hasJoined = true;
    this.isRefused = false;
  }

  /** The server is configured in a way that cannot be used; the log says why. */
  refused(): void {
    this.isRefused = true;
  }
}
