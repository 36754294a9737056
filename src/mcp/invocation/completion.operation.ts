import type { Primitive, Target } from '../catalog/primitive.js';
import type { Handler } from '../enhancers/handler.js';
import type { CallContext } from '../decorators/call-context.js';
import type { CompletionRequest } from '../decorators/completion.js';
import { isObject } from '../messages/json-rpc.js';
import type { Operation, Result } from './operation.js';

/** MCP 2025-11-25, Utilities: Completion, "Completion Results". */
const MAX_VALUES = 100;
/** The user is typing: a later answer is useless. */
const MAX_TIME_MS = 5_000;

/** The result without suggestions. */
const NO_COMPLETION: Result = { completion: { values: [], hasMore: false } };

/** The referenced prompt or template, and its arguments that can be completed. */
export interface CompletionTarget extends Target {
  readonly primitive: Primitive & { readonly complete: Handler<CompletionRequest> | undefined };
  has(argument: string): boolean;
}

/**
 * `completion/complete`. A suggestion that fails or takes more than 5 s is logged and answered with an empty list: the
 * client asks again at the next letter, and an error would not help its user.
 */
export class CompletionOperation implements Operation {
  readonly kind = 'completion';

  readonly primitive: CompletionTarget['primitive'];
  readonly timeoutMs: number;
  args: unknown;

  constructor(
    private readonly found: CompletionTarget,
    request: CompletionRequest,
  ) {
    this.primitive = found.primitive;
    this.timeoutMs = Math.min(found.primitive.timeoutMs ?? MAX_TIME_MS, MAX_TIME_MS);
    this.args = request;
  }

  run(request: CompletionRequest, context: CallContext): unknown {
    const { complete } = this.primitive;
    return complete === undefined || !this.found.has(request.name)
      ? NO_COMPLETION
      : complete(request, context);
  }

  /** Throws when `complete` returned none of the forms of `Completion`. */
  toResult(returned: unknown): Result {
    if (returned === NO_COMPLETION) return NO_COMPLETION;
    const { values, total, hasMore } = read(returned);
    const sent = values.slice(0, MAX_VALUES);
    // `hasMore` without `total` means that the total is unknown.
    const all = total ?? (hasMore ? undefined : values.length);
    return {
      completion: {
        values: sent,
        ...(all === undefined ? {} : { total: all }),
        hasMore: hasMore || values.length > sent.length || (all !== undefined && all > sent.length),
      },
    };
  }

  failure(): Result {
    return NO_COMPLETION;
  }
}

function read(returned: unknown): { values: readonly string[]; total: number | undefined; hasMore: boolean } {
  const completion: unknown = Array.isArray(returned) ? { values: returned } : returned;
  const { values, total, hasMore } = isObject(completion) ? completion : {};
  const areTexts = Array.isArray(values) && values.every((value) => typeof value === 'string');
  if (!areTexts || (total !== undefined && !Number.isSafeInteger(total))) {
    throw new TypeError('complete() must return strings, or { values, total, hasMore }');
  }
  return { values, total: total as number | undefined, hasMore: hasMore === true };
}
