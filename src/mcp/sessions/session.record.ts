import type { StoredRecord } from '../../backplane/index.js';
import type { ClientCapabilities, Implementation, LoggingLevel } from '../messages/sdk-types.js';
import type { SessionTransport } from './peer.js';

/** What every node can know of a session: enough to go on with it. Times are milliseconds since the epoch. */
export interface SessionRecord extends StoredRecord {
  /** The key of the principal that owns it. */
  readonly owner: string;
  readonly transport: SessionTransport;
  readonly openedAt: number;
  /** Undefined: it has not been initialized. */
  readonly protocolVersion: string | undefined;
  readonly client: Implementation | undefined;
  readonly clientCapabilities: ClientCapabilities;
  readonly logLevel: LoggingLevel;
  readonly subscriptions: readonly string[];
}
