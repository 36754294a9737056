import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { createHash } from 'node:crypto';
import { BackplaneNode } from '../../backplane/index.js';
import { ChangeFeed, LIST_NAMES } from './change.feed.js';
import { PromptRegistry } from './prompt.registry.js';
import { ResourceRegistry } from './resource.registry.js';
import { ToolRegistry } from './tool.registry.js';

/** The field in a node's heartbeats. */
const FIELD = 'catalogue';
/** The topic with which a node announces the lists to the clients of all nodes. */
const AGREED = 'catalogue.agreed';
/**
 * How long catalogues may differ before the difference is logged: all nodes may change theirs, not all at the same
 * time. Milliseconds.
 */
const PATIENCE_MS = 5_000;

/**
 * Compares the catalogues of the nodes, by a digest in their heartbeats. A client that has listed the tools of one node
 * may call them at another: a difference is logged. When all agree again, as after an update, the lists are announced.
 */
@Injectable()
export class CatalogueComparison implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('Changes');
  private digest = '';
  /** Since when the catalogues differ; time of a monotonic clock. */
  private differingSince: number | undefined;
  private isLogged = false;
  private stops: readonly (() => void)[] = [];

  constructor(
    private readonly node: BackplaneNode,
    private readonly feed: ChangeFeed,
    private readonly tools: ToolRegistry,
    private readonly resources: ResourceRegistry,
    private readonly prompts: PromptRegistry,
  ) {}

  /** The catalogue is complete. */
  onApplicationBootstrap(): void {
    const { bus, membership } = this.node;
    if (membership.isAlone) return;
    this.stops = [
      this.feed.subscribe(({ kind }) => {
        if (kind === 'list') this.describe();
      }),
      membership.on('beaten', () => this.compare()),
      bus.on(AGREED, (digest) => {
        if (digest === this.digest) this.agreed();
      }),
    ];
    this.describe();
  }

  onModuleDestroy(): void {
    for (const stop of this.stops) stop();
  }

  private describe(): void {
    const lists = [this.tools.list, this.resources.list, this.resources.templates, this.prompts.list];
    const hash = createHash('sha256');
    for (const list of lists) hash.update(list.contents);
    this.digest = hash.digest('base64url').slice(0, 16);
    this.node.membership.describe({ [FIELD]: this.digest });
  }

  private compare(): void {
    const { all, self } = this.node.membership;
    const nodes: Record<string, string> = {};
    for (const { id, state, info } of all) {
      const digest = id === self ? this.digest : info[FIELD];
      if (state === 'alive' && digest !== undefined) nodes[id] = digest;
    }
    if (new Set(Object.values(nodes)).size > 1) this.differs(nodes);
    else if (this.differingSince !== undefined) this.announce();
  }

  private differs(nodes: Readonly<Record<string, string>>): void {
    const now = performance.now();
    this.differingSince ??= now;
    if (this.isLogged || now - this.differingSince < PATIENCE_MS) return;
    this.isLogged = true;
    this.logger.warn({ event: 'catalogue.differs', nodes });
  }

  /** Clients may have listed the catalogue of a node whose catalogue differed. */
  private announce(): void {
    this.agreed();
    for (const list of LIST_NAMES) this.feed.listChanged(list);
    // If this fails, other nodes announce the lists too.
    this.node.bus.publish(AGREED, this.digest).catch(() => undefined);
  }

  private agreed(): void {
    if (this.isLogged) this.logger.log({ event: 'catalogue.agrees' });
    this.differingSince = undefined;
    this.isLogged = false;
  }
}
