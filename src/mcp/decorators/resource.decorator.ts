import { applyDecorators, type Type } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import type { Annotations } from '../messages/sdk-types.js';
import type { PrimitiveOptions } from './primitive-options.js';
import { InjectableAsDeclared } from './injectable-as-declared.js';
import type { McpResource } from './mcp-resource.js';

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

/** Metadata key that the explorer reads. */
export const ResourceMetadata = DiscoveryService.createDecorator<ResourceOptions>();

/**
 * Makes a class a resource: injectable, and registered at module init by any module that lists it in `providers`. Wrong
 * wiring is refused at start with a `WiringError`.
 */
export function Resource(options: ResourceOptions): (target: Type<McpResource>) => void {
  return applyDecorators(InjectableAsDeclared(), ResourceMetadata(options));
}
