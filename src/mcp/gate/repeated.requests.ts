import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { hash } from 'node:crypto';
import { duplicateId } from '../messages/refused.error.js';
import type { JsonRpcRequest, JsonRpcMessage } from '../messages/json-rpc.js';
import type { Peer } from '../sessions/peer.js';
import { Session } from '../sessions/session.js';

/** How long an answered request is kept: long enough for a client that retries after a 503. Milliseconds. */
const ANSWERED_MS = 10_000;
/** Maximum number of answered requests that are kept for all sessions of this node: about 10 MB. */
const MAX_ANSWERED = 50_000;
/** Ids of requests up to this length, as JSON, are kept as they are, and longer ones as digests. */
const MAX_ID = 48;

/**
 * The requests of HTTP+SSE that run on this node or were answered recently. If a POST is forwarded to another node, its
 * client may get 503 although the request was accepted, and may send it again. With one node this cannot happen, and
 * the gate does not ask.
 */
@Injectable()
export class RepeatedRequests {
  /** Digests of content, by {@link keyOf}. */
  private readonly running = new Map<string, string>();
  private readonly answered = new LRUCache<string, string>({ max: MAX_ANSWERED, ttl: ANSWERED_MS });

  /**
   * Undefined: nothing to compare. Otherwise the request; with `isRepeated` it runs already or was answered. Throws
   * {@link duplicateId} if another request has the id.
   */
  compare(peer: Peer, messages: readonly JsonRpcMessage[]): ComparedRequest | undefined {
    if (!(peer instanceof Session) || peer.transport !== 'http-sse') return undefined;
    const [message] = messages;
    if (message?.kind !== 'request' || messages.length > 1) return undefined;
    const key = keyOf(peer, message);
    const content = digestOf(JSON.stringify([message.method, message.params]));
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
  const text = JSON.stringify(request.id);
  return `${id}:${text.length > MAX_ID ? digestOf(text) : text}`;
}

/** A digest, since contents may be long. */
function digestOf(text: string): string {
  return hash('sha256', text, 'base64url');
}
