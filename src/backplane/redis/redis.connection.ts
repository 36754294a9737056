import type { Redis, RedisOptions } from 'ioredis';
import { Logger } from '@nestjs/common';
import { BackplaneUnavailable } from '../backplane-unavailable.error.js';
import { BackplaneStatus } from '../backplane.status.js';

/** How long a command waits for a connection that was lost a moment ago. */
const PATIENCE_MS = 1_000;
const COMMAND_MS = 1_000;
/** So many commands in a row that had no answer in time, and the next ones are refused at once. */
const MAX_TIMEOUTS = 3;
const PROBE_MS = 250;
/** Answers of a server that works, and can't do this now. Redis before 7 wraps what a script runs into. */
const REFUSALS =
  /^(?:ERR .*-)?(OOM|READONLY|LOADING|MASTERDOWN|BUSY|NOREPLICAS|MISCONF|NOAUTH|NOPERM|WRONGPASS)\b/;

/**
 * No queue while the connection is down, and no command is sent twice: what is late must not be run after the caller
 * was told that it failed. `blockingTimeout` stays unset: it would turn a dead connection into an empty answer.
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
  // A replica that was the primary until now: the next connection may lead to the new one.
  reconnectOnError: (error) => error.message.startsWith('READONLY'),
};

export interface RedisTarget {
  /** `redis:` or `rediss:`, with the password, if there is one. Never logged. */
  readonly url: string;
  /** What the names of all keys begin with. */
  readonly prefix: string;
}

/** The connection for commands; {@link RedisConnection.openReader} makes the ones for reads that wait. */
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

  /** Loads the client, and begins to connect. */
  static async open({ url, prefix }: RedisTarget, status: BackplaneStatus): Promise<RedisConnection> {
    const { Redis } = await import('ioredis');
    const redis = new Redis(url, { ...OPTIONS, enableAutoPipelining: true });
    const connection = new RedisConnection(redis, prefix, status);
    // It goes on trying; what it meets is heard by the listeners.
    redis.connect().catch(() => undefined);
    return connection;
  }

  /** The name of a key. The braces keep its parts on one shard, should keys ever be spread. */
  key(kind: string, name: string): string {
    return `${this.prefix}:${kind}:{${name}}`;
  }

  /** What the server has answered instead of letting this node in; undefined: it has not answered, or has. */
  get refusal(): string | undefined {
    const isRefused = this.lastError?.name === 'ReplyError' && this.redis.status !== 'ready';
    return isRefused ? this.lastError?.message : undefined;
  }

  /** Runs a command. Rejects with `BackplaneUnavailable` where the server can't be reached, or can't do it now. */
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

  /** Resolves once commands can be sent. Rejects with `BackplaneUnavailable` after `ms`. */
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

  /** Calls back each time that commands can be sent again. */
  onceMoreReady(listener: () => void): void {
    this.readyListeners.add(listener);
  }

  /** A connection of its own for reads that wait for data; its commands are sent one by one. */
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
    // Trying again would be answered likewise.
    if (this.refusal !== undefined) for (const settle of this.waiting) settle();
  }

  private notConnected(): BackplaneUnavailable {
    return new BackplaneUnavailable('not connected', this.lastError);
  }
}
