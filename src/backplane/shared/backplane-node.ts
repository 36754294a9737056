import { BEAT_TIMES, type Beats, type BeatTimes } from '../beats.js';
import type { Logs } from '../logs.js';
import type { Fields, Records } from '../records.js';
import { Bus } from './bus.js';
import { Mail } from './mail.js';
import { Membership } from './membership.js';
import { NodeFeed } from './node-feed.js';
import { RevocationList } from './revocation.list.js';

/** The ports of an engine that a node needs to communicate with the others. */
export interface NodeEngine {
  readonly records: Records;
  readonly logs: Logs;
  readonly beats: Beats;
}

/** Maximum lag of the reader up to which a node sends heartbeats. */
const READING_MS = 2_000;

/** One of the nodes that share an engine: its membership, its mail and the bus. */
export class BackplaneNode {
  readonly membership: Membership;
  readonly bus: Bus;
  readonly mail: Mail;
  readonly revocations: RevocationList;
  private readonly feed: NodeFeed;

  /** `info`: this node's fields for the others. */
  constructor({ records, logs, beats }: NodeEngine, info: Fields = {}, times: BeatTimes = BEAT_TIMES) {
    this.feed = new NodeFeed(logs);
    this.membership = new Membership(beats, () => this.feed.lagMs < READING_MS, info, times);
    this.bus = new Bus(logs, this.feed, this.membership.self);
    this.mail = new Mail(logs, records, this.feed, this.membership);
    this.revocations = new RevocationList(records, this.bus, this.membership);
  }

  /** Opens the inbox before the others see this node. Rejects with `BackplaneUnavailable`. */
  async start(): Promise<void> {
    await this.mail.open();
    await this.feed.start();
    await this.membership.start();
  }

  async stop(): Promise<void> {
    await this.membership.stop();
    await this.feed.stop();
  }
}
