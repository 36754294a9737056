import type { Found, Primitive, Target } from '../catalog/primitive.js';
import type { PrimitiveList } from '../catalog/primitive.list.js';
import { decodeCursor } from '../catalog/list.cursor.js';
import type { CallKind } from '../invocation/operation.js';
import type { MessageContext } from '../invocation/message-context.js';
import type { JsonRpcRequest, MessageText, Params } from '../messages/json-rpc.js';
import { invalidParams } from '../messages/protocol.error.js';

/** Revisions with sessions, up to 2025-11-25; without, from 2026-07-28 on; or all of them. */
export type Era = 'sessions' | 'stateless' | 'all';

/** Handles the requests of one method. */
export interface RequestHandler<T extends Target = Target> {
  readonly method: string;
  readonly era: Era;
  /** The request is a call: it is limited and recorded. */
  readonly kind?: CallKind;
  /** The existing primitive that the request is about, if any. */
  find?(params: Params): T | undefined;
  /** Returns the result as JSON text; throws `ProtocolError`. `found`: the result of {@link find}. */
  answer(
    request: JsonRpcRequest,
    context: MessageContext,
    found: Found<T> | undefined,
  ): MessageText | Promise<string>;
}

/** The request handlers of one part of the protocol. */
export interface RequestHandlers {
  readonly handlers: readonly RequestHandler[];
}

/** Injection token of all {@link RequestHandlers}. */
export const REQUEST_HANDLERS = Symbol('REQUEST_HANDLERS');

/** Handles list requests: returns the requested page. MCP 2025-11-25, Utilities: Pagination. */
export function listHandler<P extends Primitive>(method: string, list: PrimitiveList<P>): RequestHandler {
  return {
    method,
    era: 'all',
    answer: ({ params: { cursor } }, { peer, principal }) => {
      const after = cursor === undefined ? '' : decodeCursor(cursor);
      if (after === undefined)
        throw invalidParams('There is no such cursor: begin the list again without one');
      return list.page(principal.scopes, peer.isModern, after);
    },
  };
}
