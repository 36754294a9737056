import type { CompletionRequest } from '../decorators/completion.js';
import type { PromptOptions } from '../decorators/prompt.decorator.js';
import type { Schema } from '../decorators/schema.js';
import { Access } from './access.js';
import type { AuditPolicy } from './audit.policy.js';
import type { Primitive } from './primitive.js';
import type { Handler } from '../enhancers/handler.js';
import { assertTimeout, presentation } from './presentation.js';
import { promptArgumentsOf } from './prompt-arguments.js';
import { WiringError } from '../decorators/wiring.error.js';

/** Any letters will do; a client makes a command of it, and shows it. */
const PROMPT_NAME = /^[^\p{C}\p{Zl}\p{Zp}]{1,128}$/u;

/** What the class behind a prompt can do. */
export interface PromptHandlers {
  readonly render: Handler<unknown>;
  /** Undefined: it suggests nothing. */
  readonly complete: Handler<CompletionRequest> | undefined;
}

/** A prompt as the registry holds it. */
export interface RegisteredPrompt extends Primitive, PromptHandlers {
  readonly description: string | undefined;
  readonly args: Schema | undefined;
  readonly argumentNames: ReadonlySet<string>;
}

/** Checks a prompt's wiring and computes its list entry, once. Throws {@link WiringError}. */
export function registeredPrompt(
  options: PromptOptions,
  { render, complete }: PromptHandlers,
  className: string,
  audit: AuditPolicy,
): RegisteredPrompt {
  const { name, description, args, timeoutMs } = options;
  if (!PROMPT_NAME.test(name)) {
    throw new WiringError(
      className,
      `the name ${JSON.stringify(name)} is not allowed; use 1 to 128 characters, none of them a control character`,
    );
  }
  assertTimeout(timeoutMs, className);
  const promptArguments = args === undefined ? [] : promptArgumentsOf(args, className);
  const definition = {
    ...presentation(options),
    ...(description === undefined ? {} : { description }),
    ...(promptArguments.length === 0 ? {} : { arguments: promptArguments }),
  };
  return {
    key: name,
    access: Access.of(options, className),
    timeoutMs,
    definition,
    modernDefinition: definition,
    className,
    audit,
    description,
    args,
    argumentNames: new Set(promptArguments.map((argument) => argument.name)),
    render,
    complete,
  };
}
