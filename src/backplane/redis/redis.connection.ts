import type { Redis, RedisOptions } from 'ioredis';
import { Logger } from '@nestjs/common';
import { BackplaneUnavailable } from '../backplane-unavailable.error.js';
import { BackplaneStatus } from '../backplane.status.js';
import { addressOf } from './redis.address.js';

/** How long a command waits for the reconnection. */
const PATIENCE_MS = 1_000;
const COMMAND_MS = 1_000;
/** Number of consecutive timeouts after which commands are refused at once. */
const MAX_TIMEOUTS = 3;
const PROBE_MS = 250;
/** Errors of a server that runs but cannot execute the command now. Redis before 7 wraps errors of scripts. */
const REFUSALS =
  /^(?:ERR .*-)?(OOM|READONLY|LOADING|MASTERDOWN|BUSY|NOREPLICAS|MISCONF|NOAUTH|NOPERM|WRONGPASS)\b/;

/**
 * No queue while disconnected, and no command is sent twice: a late command must not run after its caller
 * was told that it failed. `blockingTimeout` stays unset: with it a dead connection looks like an empty answer.
 */
const OPTIONS: RedisOptions = {
  lazyConnect: true,
  protocol: 2,
  connectTimeout: 1_000,
  disconnectTimeout: 200,
  commandTimeout: COMMAND_MS,
  socketTimeout: 1_000,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  retryStrategy: (times) => Math.min(25 * 2 ** times, 500),
  // A former primary that became a replica: the next connection may lead to the new primary.
  reconnectOnError: (error) => error.message.startsWith('READONLY'),
};

export interface RedisTarget {
  /** As `REDIS_URL`, possibly with a password. Never logged. */
  readonly url: string;
  /** Prefix of all keys. */
  readonly prefix: string;
}

/** The connection for commands. {@link RedisConnection.openReader} makes connections for blocking reads. */
export class RedisConnection {
  private readonly logger = new Logger('Backplane');
  private readonly readers = new Set<Redis>();
  private readonly waiting = new Set<() => void>();
  private readonly readyListeners = new Set<() => void>();
  private timeouts = 0;
  private probe: NodeJS.Timeout | undefined;
  private lastError: Error | undefined;
  private isClosed = false;

  private constructor(
    private readonly redis: Redis,
    private readonly prefix: string,
    readonly status: BackplaneStatus,
  ) {
    redis.on('ready', () => this.onReady());
    redis.on('close', () => this.onLost('connection lost'));
    redis.on('error', (error) => this.onError(error));
  }

  /** Loads the client and begins to connect. */
  static async open({ url, prefix }: RedisTarget, status: BackplaneStatus): Promise<RedisConnection> {
    const [{ Redis }, { connectorOf }] = await Promise.all([
      import('ioredis'),
      import('./redis.connector.js'),
    ]);
    const { options } = addressOf(url);
    const redis = new Redis({ ...OPTIONS, ...options, ...connectorOf(options), enableAutoPipelining: true });
    const connection = new RedisConnection(redis, prefix, status);
    // The client keeps trying; the listeners receive its errors.
    redis.connect().catch(() => undefined);
    return connection;
  }

  /** The name of a key. The braces keep related keys on one shard. */
  key(kind: string, name: string): string {
    return `${this.prefix}:${kind}:{${name}}`;
  }

  /** The error by which the server refused this connection. Undefined: none. */
  get refusal(): string | undefined {
    const isRefused = this.lastError?.name === 'ReplyError' && this.redis.status !== 'ready';
    return isRefused ? this.lastError?.message : undefined;
  }

  /** Runs a command. Rejects with `BackplaneUnavailable` where the server cannot be reached or cannot execute it now. */
  async run<Reply>(command: (redis: Redis) => Promise<Reply>): Promise<Reply> {
    if (this.redis.status !== 'ready') await this.whenReady(PATIENCE_MS - this.status.outageMs);
    if (this.probe !== undefined) throw new BackplaneUnavailable('no answer in time');
    try {
      const reply = await command(this.redis);
      this.timeouts = 0;
      return reply;
    } catch (error) {
      throw this.judge(error);
    }
  }

  /** Resolves when commands can be sent. Rejects with `BackplaneUnavailable` after `ms`. */
  async whenReady(ms: number): Promise<void> {
    if (this.redis.status === 'ready') return;
    if (ms <= 0) throw this.notConnected();
    await new Promise<void>((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer);
        this.waiting.delete(settle);
        if (this.redis.status === 'ready') resolve();
        else reject(this.notConnected());
      };
      const timer = setTimeout(settle, ms);
      this.waiting.add(settle);
    });
  }

  /** Calls back each time the connection is ready again. */
  onceMoreReady(listener: () => void): void {
    this.readyListeners.add(listener);
  }

  /** A separate connection for blocking reads. Its commands are sent one at a time. */
  async openReader(): Promise<Redis> {
    const reader = this.redis.duplicate({ ...OPTIONS, enableAutoPipelining: false });
    reader.on('error', () => undefined);
    this.readers.add(reader);
    await reader.connect().catch(() => undefined);
    return reader;
  }

  /** Closes all connections at once. */
  close(): void {
    this.isClosed = true;
    clearInterval(this.probe);
    for (const redis of [this.redis, ...this.readers]) {
      redis.removeAllListeners('close');
      redis.disconnect();
    }
    for (const settle of this.waiting) settle();
  }

  private judge(error: unknown): unknown {
    if (!(error instanceof Error)) return error;
    if (error.name === 'ReplyError') {
      const refusal = REFUSALS.exec(error.message)?.[1];
      return refusal === undefined ? error : new BackplaneUnavailable(refusal.toLowerCase(), error);
    }
    if (error.message === 'Command timed out') this.onTimeout();
    return new BackplaneUnavailable('connection lost', error);
  }

  private onTimeout(): void {
    this.timeouts += 1;
    if (this.timeouts < MAX_TIMEOUTS || this.probe !== undefined || this.isClosed) return;
    this.onLost('no answer in time');
    this.probe = setInterval(() => {
      if (this.redis.status !== 'ready') return this.endProbe();
      this.redis.ping().then(
        () => this.onReady(),
        () => undefined,
      );
    }, PROBE_MS);
  }

  private endProbe(): void {
    clearInterval(this.probe);
    this.probe = undefined;
    this.timeouts = 0;
  }

  private onReady(): void {
    this.endProbe();
    const { outageMs, obstacle } = this.status;
    this.status.up();
    if (obstacle === undefined) this.logger.log({ event: 'backplane.back', afterMs: Math.round(outageMs) });
    for (const settle of this.waiting) settle();
    for (const listener of this.readyListeners) listener();
  }

  private onLost(reason: string): void {
    if (!this.status.down(reason)) return;
    this.logger.warn({ event: 'backplane.lost', reason, err: this.lastError });
  }

  private onError(error: Error): void {
    this.lastError = error;
    // A retry would be refused again.
    if (this.refusal !== undefined) for (const settle of this.waiting) settle();
  }

  private notConnected(): BackplaneUnavailable {
    return new BackplaneUnavailable('not connected', this.lastError);
  }
}
