import { Injectable } from '@nestjs/common';
import type { Primitive, Target } from '../../catalog/primitive.js';
import { PromptRegistry } from '../../catalog/prompt.registry.js';
import { ResourceRegistry } from '../../catalog/resource.registry.js';
import type { CallContext } from '../../decorators/call-context.js';
import type { CompletionRequest } from '../../decorators/completion.js';
import type { Handler } from '../../enhancers/handler.js';
import { Invoker } from '../../invocation/invoker.js';
import type { Operation, Result } from '../../invocation/operation.js';
import { isObject, isTextObject, type Params } from '../../messages/json-rpc.js';
import { invalidParams, type ProtocolError } from '../../messages/protocol.error.js';
import type { RequestHandler, RequestHandlers } from '../request-handler.js';

/** MCP 2025-11-25 and 2026-07-28, Server Features: Completion. */
@Injectable()
export class CompletionHandlers implements RequestHandlers {
  private readonly complete: RequestHandler<CompletionTarget> = {
    method: 'completion/complete',
    era: 'all',
    kind: 'completion',
    find: ({ ref }) => this.find(ref),
    answer: (request, context, found) => {
      const completed = readRequest(request.params);
      assertReference(request.params['ref']);
      return found?.verdict === 'allowed'
        ? this.invoker.call(new CompletionOperation(found.target, completed), request, context)
        : this.invoker.unknown('completion', found, unknownReference(), request, context);
    },
  };
  readonly handlers = [this.complete];

  constructor(
    private readonly prompts: PromptRegistry,
    private readonly resources: ResourceRegistry,
    private readonly invoker: Invoker,
  ) {}

  private find(ref: unknown): CompletionTarget | undefined {
    if (!isObject(ref)) return undefined;
    const { type, name, uri } = ref;
    if (type === 'ref/prompt') {
      const prompt = typeof name === 'string' ? this.prompts.list.byKey.get(name) : undefined;
      return prompt && { primitive: prompt, has: (argument) => prompt.argumentNames.has(argument) };
    }
    if (type !== 'ref/resource' || typeof uri !== 'string') return undefined;
    const resource = this.resources.templates.byKey.get(uri) ?? this.resources.list.byKey.get(uri);
    const variables = resource?.template?.variables ?? [];
    return resource && { primitive: resource, has: (argument) => variables.includes(argument) };
  }
}

function unknownReference(): ProtocolError {
  return invalidParams('Unknown prompt or resource template: the lists name those that you may use');
}

function assertReference(ref: unknown): void {
  if (isObject(ref)) {
    if (ref['type'] === 'ref/prompt' && typeof ref['name'] === 'string') return;
    if (ref['type'] === 'ref/resource' && typeof ref['uri'] === 'string') return;
  }
  throw invalidParams('"ref" must be a "ref/prompt" with a "name" or a "ref/resource" with a "uri"');
}

function readRequest({ argument, context }: Params): CompletionRequest {
  const { name, value } = isObject(argument) ? argument : {};
  if (typeof name !== 'string' || typeof value !== 'string') {
    throw invalidParams('"argument" must have a "name" and a "value" that are strings');
  }
  const { arguments: others = {} } = isObject(context) ? context : {};
  if (!isTextObject(others))
    throw invalidParams('"context.arguments" must be an object whose values are strings');
  return { name, value, others };
}

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
