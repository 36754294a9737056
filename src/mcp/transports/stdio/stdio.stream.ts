import type { Writable } from 'node:stream';
import { type MessageText, SharedText } from '../../messages/json-rpc.js';
import type { ReplySink, SessionStream } from '../../sessions/peer.js';
import { PacedWriter } from '../paced.writer.js';

/** Bytes that may wait for the host to read them. */
export interface StdioLimits {
  /** Above this no further input is read until the host has read. */
  readonly pauseAt: number;
  /** Above this the connection is closed. */
  readonly closeAt: number;
}

/** Why the host can no longer be reached. */
export type StdioLoss = 'client_disconnected' | 'slow_client';

interface Waiter {
  readonly holds: () => boolean;
  readonly resolve: () => void;
}

/** Messages to the host, one per line. A message must be one line; JSON text is. */
export class StdioStream implements SessionStream, ReplySink {
  /** Resolves when the host can no longer be reached. */
  readonly lost: Promise<StdioLoss>;
  private lose!: (reason: StdioLoss) => void;
  private isLost = false;
  private readonly writer: PacedWriter;
  private waiters: Waiter[] = [];

  constructor(
    output: Writable,
    private readonly limits: StdioLimits,
  ) {
    const reading = { maxBufferedBytes: limits.closeAt, maxStallMs: Number.POSITIVE_INFINITY };
    this.writer = new PacedWriter(output, reading, () => this.wake());
    this.lost = new Promise((resolve) => {
      this.lose = (reason) => {
        this.isLost = true;
        resolve(reason);
        this.wake();
      };
    });
    // EPIPE: the host has closed its end, or exited.
    output.on('error', () => this.lose('client_disconnected'));
    output.once('close', () => this.lose('client_disconnected'));
  }

  send(message: MessageText): void {
    if (this.isLost) return;
    if (!this.writer.write(SharedText.within('', message, '\n'))) this.lose('slow_client');
  }

  whenSent(listener: (isWhole: boolean) => void): void {
    listener(!this.isLost);
  }

  /** Waits until the host has read enough to accept further input. */
  room(): Promise<void> {
    return this.when(() => this.writer.waiting <= this.limits.pauseAt);
  }

  /** Waits until everything is written. */
  flushed(): Promise<void> {
    return this.when(() => this.writer.waiting === 0);
  }

  heartbeat(): void {}

  /** No effect: the last replies follow the end of their session, and the stream ends with the process. */
  end(): void {}

  private when(holds: () => boolean): Promise<void> {
    if (this.isLost || holds()) return Promise.resolve();
    return new Promise((resolve) => this.waiters.push({ holds, resolve }));
  }

  private wake(): void {
    if (this.waiters.length === 0) return;
    const woken = this.waiters.filter(({ holds }) => this.isLost || holds());
    this.waiters = this.waiters.filter((waiter) => !woken.includes(waiter));
    for (const { resolve } of woken) resolve();
  }
}
