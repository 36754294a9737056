import type { Type } from '@nestjs/common';
import type { Annotations } from '../messages/sdk-types.js';
import type { PrimitiveOptions } from './primitive-options.js';
import type { McpResource } from './mcp-resource.js';
import { PrimitiveMetadata } from './primitive-metadata.js';

interface CommonResourceOptions extends PrimitiveOptions {
  readonly name: string;
  readonly description?: string;
  readonly mimeType?: string;
  readonly annotations?: Annotations;
  /** How long a client may cache the content, in milliseconds (2026-07-28). Default: not at all. */
  readonly ttlMs?: number;
}

/** A resource with a fixed URI. */
export interface FixedResourceOptions extends CommonResourceOptions {
  /** Unique: `config://app`. */
  readonly uri: string;
  readonly uriTemplate?: undefined;
  /** In bytes. */
  readonly size?: number;
}

/** A family of resources. */
export interface ResourceTemplateOptions extends CommonResourceOptions {
  /** Unique; RFC 6570, levels 1 to 3: `user://{id}/profile`. */
  readonly uriTemplate: string;
  readonly uri?: undefined;
  readonly size?: undefined;
}

/** Options of a resource. MCP 2025-11-25, Server Features: Resources. */
export type ResourceOptions = FixedResourceOptions | ResourceTemplateOptions;

/** Metadata that the explorer reads. */
export const ResourceMetadata = new PrimitiveMetadata<ResourceOptions>('@Resource');

/** What {@link Resource} decorates: a class with `read`, or a method with the parameters of `read`. */
export interface ResourceDecorator {
  (target: Type<McpResource>): void;
  <Method extends McpResource['read']>(
    target: object,
    method: string,
    descriptor: TypedPropertyDescriptor<Method>,
  ): void;
}

/**
 * Makes a class a resource: injectable, and registered at module init by any module that lists it in `providers`. On a
 * method of a provider it makes that method a resource, without completions. Wrong wiring is refused at start with a
 * `WiringError`.
 */
export function Resource(options: ResourceOptions): ResourceDecorator {
  return ResourceMetadata.decorator(options);
}
