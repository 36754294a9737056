import type { BudgetHold } from '../limits/in-flight.budgets.js';
import { weightOf } from '../limits/weight.js';
import { isObject, type JsonRpcRequest } from '../messages/json-rpc.js';
import type { ProgressToken } from '../messages/sdk-types.js';
import { digestOfRequest } from '../client-input/request-digest.js';

/**
 * Releases the parameters of a request that arrived alone: its handler has `input`, and the request is counted with
 * that and with the rest still needed.
 */
export function releaseArguments(
  request: JsonRpcRequest,
  hold: BudgetHold | undefined,
  isModern: boolean,
  input: unknown,
): void {
  const { inputResponses, _meta } = request.params;
  const progressToken = progressTokenOf(_meta);
  // The state that the client keeps between rounds is bound to all parameters.
  if (isModern) digestOfRequest(request);
  request.params = progressToken === undefined ? {} : { _meta: { progressToken } };
  if (hold === undefined) return;
  const weight = weightOf([input, request.id, progressToken, isModern ? inputResponses : undefined]);
  if (weight < hold.bytes) hold.resize(weight);
}

/** The progress token of a request, if it has one. */
export function progressTokenOf(meta: unknown): ProgressToken | undefined {
  const token = isObject(meta) ? meta['progressToken'] : undefined;
  return typeof token === 'string' || Number.isFinite(token) ? (token as ProgressToken) : undefined;
}
