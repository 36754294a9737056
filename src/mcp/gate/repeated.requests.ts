import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { hash } from 'node:crypto';
import { BackplaneNode } from '../../backplane/index.js';
import { duplicateId } from '../messages/refused.error.js';
import type { JsonRpcRequest, JsonRpcMessage } from '../messages/json-rpc.js';
import type { Peer } from '../sessions/peer.js';
import { Session } from '../sessions/session.js';

/** How long an answered request is remembered: enough for a client that retries after a 503. Milliseconds. */
const ANSWERED_MS = 10_000;
/** Answered requests that are remembered, of all sessions of this node: about 10 MB. */
const MAX_ANSWERED = 50_000;

/**
 * The requests of HTTP+SSE that run on this node or were answered a moment ago. Where a POST crosses nodes, its client
 * may be told 503 although the request was accepted, and sends it again. With one node, no client is told so.
 */
@Injectable()
export class RepeatedRequests {
  /** Digests of content, by {@link keyOf}. */
  private readonly running = new Map<string, string>();
  private readonly answered = new LRUCache<string, string>({ max: MAX_ANSWERED, ttl: ANSWERED_MS });

  constructor(private readonly node: BackplaneNode) {}

  /**
   * Undefined: there is nothing to compare. Otherwise the request, which runs or was answered where it is
   * `isRepeated`. Throws {@link duplicateId} where the id is that of another request.
   */
  compare(peer: Peer, [message, ...others]: readonly JsonRpcMessage[]): ComparedRequest | undefined {
    if (this.node.membership.isAlone || !(peer instanceof Session) || peer.transport !== 'http-sse') {
      return undefined;
    }
    if (message?.kind !== 'request' || others.length > 0) return undefined;
    const key = keyOf(peer, message);
    const content = digestOf([message.method, message.params]);
    const known = this.running.get(key) ?? this.answered.get(key);
    if (known !== undefined && known !== content) throw duplicateId();
    return {
      isRepeated: known !== undefined,
      begin: () => {
        this.running.set(key, content);
        return () => {
          this.running.delete(key);
          this.answered.set(key, content);
        };
      },
    };
  }
}

export interface ComparedRequest {
  readonly isRepeated: boolean;
  /** The request is accepted. Returns the function to call when it is answered. */
  begin(): () => void;
}

function keyOf({ id }: Session, request: JsonRpcRequest): string {
  return digestOf([id, request.id]);
}

/** Digests: ids and bodies may be long. */
function digestOf(value: unknown): string {
  return hash('sha256', JSON.stringify(value), 'base64url');
}
