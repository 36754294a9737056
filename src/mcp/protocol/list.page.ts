import type { Entry } from '../catalog/entry.js';
import type { EntryList } from '../catalog/entry.list.js';
import { decodeCursor } from '../catalog/list.cursor.js';
import type { Exchange } from '../invocation/exchange.js';
import type { Params } from '../messages/json-rpc.js';
import { invalidParams } from '../messages/protocol.error.js';

/** The page of a list that a request asks for, as JSON text. MCP 2025-11-25, Utilities: Pagination. */
export function listPage<E extends Entry>(list: EntryList<E>, params: Params, exchange: Exchange): string {
  const { cursor } = params;
  const after = cursor === undefined ? '' : decodeCursor(cursor);
  if (after === undefined) throw invalidParams('There is no such cursor: begin the list again without one');
  return list.page(exchange.principal.scopes, exchange.peer.isModern, after);
}
