import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { BackplaneNode, BackplaneUnavailable, Records } from '../../backplane/index.js';
import { MCP_OPTIONS, type McpModuleOptions } from '../mcp.options.js';

const KEY = 'state-key';
const KEY_BYTES = 32;
/** Longer than any state is valid. Milliseconds. */
const TTL_MS = 86_400_000;
const RENEW_MS = 3_600_000;

/** The key that encrypts `requestState`: derived from the secret of the nodes, or made by the first one that needs it. */
@Injectable()
export class StateKey implements OnModuleInit, OnModuleDestroy {
  private shared: Promise<Uint8Array> | undefined;
  private readAt = Number.NEGATIVE_INFINITY;
  private stopListening: (() => void) | undefined;

  constructor(
    @Inject(MCP_OPTIONS) private readonly options: McpModuleOptions,
    @Inject(Records) private readonly records: Records,
    private readonly node: BackplaneNode,
  ) {}

  onModuleInit(): void {
    // The engine may have lost the key that all nodes still have.
    this.stopListening = this.node.membership.on('replaced', () => {
      if (this.shared !== undefined) this.share().catch(() => undefined);
    });
  }

  onModuleDestroy(): void {
    this.stopListening?.();
  }

  /** Rejects with `BackplaneUnavailable` if this node does not have the key yet and cannot read it now. */
  get(): Uint8Array | Promise<Uint8Array> {
    const { stateKey } = this.options;
    if (stateKey !== undefined) return stateKey;
    if (this.shared === undefined || performance.now() - this.readAt > RENEW_MS) return this.share();
    return this.shared;
  }

  /** The key in the backplane, or this node's key if there is none. */
  private share(): Promise<Uint8Array> {
    const before = this.shared;
    const read = this.read(before);
    this.readAt = performance.now();
    this.shared = read.catch((error: unknown) => {
      if (before !== undefined) return before;
      this.shared = undefined;
      throw error;
    });
    return this.shared;
  }

  private async read(before: Promise<Uint8Array> | undefined): Promise<Uint8Array> {
    const own = (await before) ?? randomBytes(KEY_BYTES);
    await this.records.create(KEY, { k: Buffer.from(own).toString('base64url') }, TTL_MS);
    const fields = await this.records.read(KEY, TTL_MS);
    if (typeof fields !== 'object') throw new BackplaneUnavailable('the key of requestState is gone');
    return new Uint8Array(Buffer.from(fields['k']!, 'base64url'));
  }
}
