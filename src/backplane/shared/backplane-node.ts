import { BEAT_TIMES, type Beats, type BeatTimes } from '../beats.js';
import type { Logs } from '../logs.js';
import type { Fields, Records } from '../records.js';
import { Bus } from './bus.js';
import { Mail } from './mail.js';
import { Membership } from './membership.js';
import { NodeFeed } from './node-feed.js';
import { RevocationList } from './revocation.list.js';

/** What an engine gives a node to speak with the others. */
export interface NodeEngine {
  readonly records: Records;
  readonly logs: Logs;
  readonly beats: Beats;
}

/** A node's logs count as read while the reader is not further behind than this. */
const READING_MS = 2_000;

/** One node among those that share an engine: how it is known to the others, and how it hears of them. */
export class BackplaneNode {
  readonly membership: Membership;
  readonly bus: Bus;
  readonly mail: Mail;
  readonly revocations: RevocationList;
  private readonly feed: NodeFeed;

  /** `info` is what the others learn of this node. */
  constructor({ records, logs, beats }: NodeEngine, info: Fields = {}, times: BeatTimes = BEAT_TIMES) {
    this.feed = new NodeFeed(logs);
    this.membership = new Membership(beats, () => this.feed.lagMs < READING_MS, info, times);
    this.bus = new Bus(logs, this.feed, this.membership.self);
    this.mail = new Mail(logs, records, this.feed, this.membership);
    this.revocations = new RevocationList(records, this.bus, this.membership);
  }

  /** It can be reached before the others hear of it. Rejects with `BackplaneUnavailable`. */
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
