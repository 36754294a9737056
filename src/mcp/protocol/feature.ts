import type { Entry } from '../catalog/entry.js';
import type { Exchange } from '../invocation/exchange.js';
import type { JsonRpcRequest, Params } from '../messages/json-rpc.js';

/** Revisions with sessions, up to 2025-11-25; without, from 2026-07-28 on; or all of them. */
export type Era = 'sessions' | 'stateless' | 'all';

/** A request that this server answers. */
export interface Method {
  readonly name: string;
  readonly era: Era;
  /** Answers with the result as JSON text; throws `ProtocolError`. */
  answer(request: JsonRpcRequest, exchange: Exchange): string | Promise<string>;
  /** The entry that the request is about, if it is about one that there is. */
  entry?(params: Params): Entry | undefined;
}

/** A part of the protocol: the requests that belong to it. */
export interface Feature {
  readonly methods: readonly Method[];
}

/** Injection token of all features. */
export const FEATURES = Symbol('FEATURES');
