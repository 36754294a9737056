import type { CompletionRequest } from '../decorators/completion.js';
import type { ResourceRequest } from '../decorators/mcp-resource.js';
import type { ResourceOptions } from '../decorators/resource.decorator.js';
import { Access } from './access.js';
import type { AuditPolicy } from './audit.policy.js';
import type { Primitive } from './primitive.js';
import type { Handler } from '../enhancers/handler.js';
import { assertOptions } from './options.check.js';
import { assertTimeout, presentation } from './presentation.js';
import { isUri } from './uri-template.parser.js';
import { UriTemplate } from './uri.template.js';
import { WiringError } from '../decorators/wiring.error.js';

/** Limits the cost of looking up and subscribing to a URI. Characters. */
export const MAX_URI_LENGTH = 2_048;

/** The methods of a resource's class. */
export interface ResourceHandlers {
  readonly read: Handler<ResourceRequest>;
  /** Undefined: no suggestions. */
  readonly complete: Handler<CompletionRequest> | undefined;
}

/** A resource in the registry, or a family of resources. */
export interface RegisteredResource extends Primitive, ResourceHandlers {
  /** Undefined: one fixed URI. */
  readonly template: UriTemplate | undefined;
  readonly mimeType: string | undefined;
  /** How long a client may cache the content, in milliseconds. */
  readonly ttlMs: number;
}

/** Validates a resource's wiring and builds its list entry, once. Throws {@link WiringError}. */
export function registeredResource(
  options: ResourceOptions,
  { read, complete }: ResourceHandlers,
  className: string,
  audit: AuditPolicy,
): RegisteredResource {
  assertOptions('@Resource', options, className);
  const { name, uri, uriTemplate, description, mimeType, annotations, size, timeoutMs, ttlMs = 0 } = options;
  if (name === '') throw new WiringError(className, 'its name is empty; give it one');
  if ((uri === undefined) === (uriTemplate === undefined)) {
    throw new WiringError(className, 'it needs either "uri" or "uriTemplate", and not both');
  }
  assertTimeout(timeoutMs, className);
  assertWhole('ttlMs', ttlMs, 'milliseconds', className);
  if (size !== undefined) assertWhole('size', size, 'bytes', className);
  const template = uriTemplate === undefined ? undefined : templateOf(uriTemplate, className);
  if (uri !== undefined) assertUri(uri, className);
  const definition = {
    ...(uri === undefined ? { uriTemplate } : { uri }),
    ...presentation(options),
    ...(description === undefined ? {} : { description }),
    ...(mimeType === undefined ? {} : { mimeType }),
    ...(annotations === undefined ? {} : { annotations }),
    ...(size === undefined ? {} : { size }),
  };
  return {
    key: uri ?? uriTemplate,
    access: Access.of(options, className),
    timeoutMs,
    definition,
    modernDefinition: definition,
    className,
    audit,
    template,
    mimeType,
    ttlMs,
    read,
    complete,
  };
}

function templateOf(uriTemplate: string, className: string): UriTemplate {
  try {
    return new UriTemplate(uriTemplate);
  } catch (error) {
    const reason = (error as SyntaxError).message;
    throw new WiringError(
      className,
      `the uriTemplate ${JSON.stringify(uriTemplate)} cannot be used: ${reason}`,
    );
  }
}

function assertUri(uri: string, className: string): void {
  const mend = uri.includes('{')
    ? 'give it as "uriTemplate"'
    : 'begin it with a scheme, as in "config://app", and percent-encode the characters that a URI cannot have';
  if (!isUri(uri)) {
    throw new WiringError(className, `the uri ${JSON.stringify(uri)} is not an absolute URI; ${mend}`);
  }
  if (uri.length > MAX_URI_LENGTH) {
    throw new WiringError(className, `its uri has more than ${MAX_URI_LENGTH} characters; shorten it`);
  }
}

function assertWhole(field: string, value: number, unit: string, className: string): void {
  if (Number.isSafeInteger(value) && value >= 0) return;
  throw new WiringError(className, `${field} must be a whole number of ${unit}, 0 or more`);
}
