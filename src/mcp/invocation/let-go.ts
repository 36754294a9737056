import type { ByteHold } from '../limits/in-flight.budgets.js';
import { weightOf } from '../limits/weight.js';
import { isObject, type JsonRpcRequest } from '../messages/json-rpc.js';
import type { ProgressToken } from '../messages/sdk-types.js';
import { digestOfRequest } from '../client-input/request-digest.js';

/** Bytes that a message may be counted with for as long as its call runs, whatever of it is still of use. */
const LARGE = 65_536;

/** Whether it pays to let go of the parameters of a call that is counted with this. */
export function isLarge(hold: ByteHold | undefined): boolean {
  return hold !== undefined && hold.bytes > LARGE;
}

/**
 * Lets go of the parameters of a request that came alone: its handler has `input`, and the request is counted with that
 * and with what else of it is still of use.
 */
export function releaseArguments(
  request: JsonRpcRequest,
  hold: ByteHold | undefined,
  isModern: boolean,
  input: unknown,
): void {
  const { inputResponses, _meta } = request.params;
  const progressToken = progressTokenOf(_meta);
  // What the client keeps between the rounds is bound to all that it has sent.
  if (isModern) digestOfRequest(request);
  request.params = progressToken === undefined ? {} : { _meta: { progressToken } };
  if (hold === undefined) return;
  const weight = weightOf([input, request.id, progressToken, isModern ? inputResponses : undefined]);
  if (weight < hold.bytes) hold.resize(weight);
}

/** The token that a request gives for its progress to be told with, if it gives one. */
export function progressTokenOf(meta: unknown): ProgressToken | undefined {
  const token = isObject(meta) ? meta['progressToken'] : undefined;
  return typeof token === 'string' || Number.isFinite(token) ? (token as ProgressToken) : undefined;
}
