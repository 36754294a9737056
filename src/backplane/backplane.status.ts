/** Why a node with a backplane of its own does not want traffic yet. */
export type BackplaneObstacle = 'backplane_unreachable' | 'backplane_refused';

/** How this node gets on with what the nodes share. In one process with its memory there is nothing to lose. */
export class BackplaneStatus {
  private lostAt: number | undefined;
  private reason: string | undefined;
  private hasJoined: boolean;
  private isRefused = false;

  /** `isRemote`: there is a server to connect to, which has not happened yet. */
  constructor(isRemote = false) {
    this.hasJoined = !isRemote;
    if (isRemote) this.lostAt = performance.now();
  }

  /** Undefined from the first time on that this node was among the others: a later outage makes no node unready. */
  get obstacle(): BackplaneObstacle | undefined {
    if (this.isRefused) return 'backplane_refused';
    return this.hasJoined ? undefined : 'backplane_unreachable';
  }

  /** Why the shared state is out of reach now, in a few words without a secret. */
  get outage(): string | undefined {
    return this.lostAt === undefined ? undefined : (this.reason ?? 'not connected');
  }

  /** How long it has been out of reach; 0 while it is not. */
  get outageMs(): number {
    return this.lostAt === undefined ? 0 : performance.now() - this.lostAt;
  }

  up(): void {
    this.lostAt = undefined;
    this.reason = undefined;
  }

  /** False: it was down already. */
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

  /** The server can't be used as it is set up; the log says why. */
  refused(): void {
    this.isRefused = true;
  }
}
