import type { CompletionRequest } from '../decorators/completion.js';
import type { PromptOptions } from '../decorators/prompt.decorator.js';
import type { Schema } from '../decorators/schema.js';
import { Access } from './access.js';
import type { AuditPolicy } from './audit.policy.js';
import type { Primitive } from './primitive.js';
import type { Handler } from '../enhancers/handler.js';
import { assertOptions } from './options.check.js';
import { assertTimeout, presentation } from './presentation.js';
import { promptArgumentsOf } from './prompt-arguments.js';
import { WiringError } from '../decorators/wiring.error.js';

/** Any letters are allowed; a client displays the name and uses it as a command. */
const PROMPT_NAME = /^[^\p{C}\p{Zl}\p{Zp}]{1,128}$/u;

/** The methods of a prompt's class. */
export interface PromptHandlers {
  readonly render: Handler<unknown>;
  /** Undefined: no suggestions. */
  readonly complete: Handler<CompletionRequest> | undefined;
}

/** A prompt in the registry. */
export interface RegisteredPrompt extends Primitive, PromptHandlers {
  readonly description: string | undefined;
  readonly args: Schema | undefined;
  readonly argumentNames: ReadonlySet<string>;
}

/** Validates a prompt's wiring and builds its list entry, once. Throws {@link WiringError}. */
export function registeredPrompt(
  options: PromptOptions,
  { render, complete }: PromptHandlers,
  className: string,
  audit: AuditPolicy,
): RegisteredPrompt {
  assertOptions('@Prompt', options, className);
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
