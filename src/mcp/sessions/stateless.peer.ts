import {
  type ClientCapabilities,
  type Implementation,
  type LoggingLevel,
  STATELESS_VERSION,
} from '../messages/sdk-types.js';
import { endOf, Peer } from './peer.js';
import type { Principal } from '../authorization/principal.js';

/** What a request of 2026-07-28 says of its sender, in `_meta`. */
export interface RequestEnvelope {
  readonly protocolVersion: string;
  readonly client: Implementation | undefined;
  readonly clientCapabilities: ClientCapabilities;
  readonly logLevel: LoggingLevel | undefined;
}

/** The sender of one request that belongs to no session. MCP 2026-07-28, Overview, "Statelessness". */
export class StatelessPeer extends Peer {
  override readonly id = undefined;
  override readonly logId = undefined;
  override readonly protocolVersion: string;
  override readonly isModern: boolean;
  protected override logLevel: LoggingLevel | undefined;

  constructor(
    override readonly principal: Principal,
    envelope: RequestEnvelope,
  ) {
    super();
    this.protocolVersion = envelope.protocolVersion;
    this.isModern = envelope.protocolVersion >= STATELESS_VERSION;
    this.client = envelope.client;
    this.clientCapabilities = envelope.clientCapabilities;
    this.logLevel = envelope.logLevel;
  }

  override get endsAt(): number {
    return endOf(this.principal, this.openedAt);
  }
}
