import { Inject, Injectable } from '@nestjs/common';
import type { McpResource } from '../decorators/mcp-resource.js';
import type { ResourceOptions } from '../decorators/resource.decorator.js';
import { HandlerFactory } from '../enhancers/handler.factory.js';
import { MCP_OPTIONS } from '../mcp.options.js';
import type { Verdict } from './access.js';
import { auditPolicyOf } from './audit.policy.js';
import { ChangeFeed } from './change.feed.js';
import { PrimitiveList, type ListOptions } from './primitive.list.js';
import { MAX_URI_LENGTH, type RegisteredResource, registeredResource } from './registered-resource.js';
import type { UriVariables } from './uri.template.js';

/** The resource of a URI, and the variables taken from the URI. */
export interface FoundResource {
  readonly primitive: RegisteredResource;
  readonly variables: UriVariables;
}

const NO_VARIABLES: UriVariables = {};

/** Holds the resources of this process: those found at start, and those added or removed at run time. */
@Injectable()
export class ResourceRegistry {
  /** Resources with a fixed URI, by URI. */
  readonly list: PrimitiveList<RegisteredResource>;
  /** Families, by URI template. */
  readonly templates: PrimitiveList<RegisteredResource>;
  /** The families in matching order; undefined: not computed yet. */
  private ordered: readonly RegisteredResource[] | undefined;

  constructor(
    private readonly handlers: HandlerFactory,
    private readonly changes: ChangeFeed,
    @Inject(MCP_OPTIONS) options: ListOptions,
  ) {
    this.list = new PrimitiveList({ field: 'resources', list: 'resources' }, changes, options);
    this.templates = new PrimitiveList({ field: 'resourceTemplates', list: 'resources' }, changes, options);
  }

  get size(): number {
    return this.list.byKey.size + this.templates.byKey.size;
  }

  /**
   * Adds a resource or a family and notifies clients that watch the list. `resource` may be an instance of any class.
   * Throws {@link WiringError} when the resource is invalid or its URI is in use.
   */
  add(options: ResourceOptions, resource: McpResource): void {
    const read = this.handlers.forInstance(resource, 'read');
    const complete = resource.complete && this.handlers.forInstance(resource, 'complete');
    const { name } = resource.constructor;
    this.register(
      registeredResource(options, { read, complete }, name, auditPolicyOf(resource.constructor, name)),
    );
  }

  /** As {@link add}, for a resource that is already validated. */
  register(resource: RegisteredResource): void {
    this.listOf(resource).add(resource);
    this.ordered = undefined;
  }

  /**
   * Removes the resource with this URI, or the family with this URI template, and notifies clients that watch the list.
   * False: unknown.
   */
  remove(uriOrTemplate: string): boolean {
    this.ordered = undefined;
    return this.list.remove(uriOrTemplate) || this.templates.remove(uriOrTemplate);
  }

  /** Notifies the clients that have subscribed to this URI, and may read it, that its content has changed. */
  updated(uri: string): void {
    this.changes.resourceUpdated(uri);
  }

  /**
   * The resource for a URI: the one with exactly this URI, or else, of the matching families, the one whose template
   * has the longest text before its first variable. Its access rule applies: where the caller may not read it, no other
   * family is tried.
   */
  find(uri: string): FoundResource | undefined {
    const resource = this.list.byKey.get(uri);
    if (resource !== undefined) return { primitive: resource, variables: NO_VARIABLES };
    if (uri.length > MAX_URI_LENGTH) return undefined;
    this.ordered ??= [...this.templates.byKey.values()].toSorted(byPrecision);
    for (const family of this.ordered) {
      const variables = family.template!.match(uri);
      if (variables !== undefined) return { primitive: family, variables };
    }
    return undefined;
  }

  /** What a caller with these scopes may do with the resource of a URI, also where there is none. */
  verdictOn(uri: string, scopes: readonly string[]): Verdict {
    return this.find(uri)?.primitive.access.verdict(scopes) ?? 'hidden';
  }

  private listOf({ template }: RegisteredResource): PrimitiveList<RegisteredResource> {
    return template === undefined ? this.list : this.templates;
  }
}

/** The longest prefix first, then by template, so that the order does not depend on registration. */
function byPrecision(one: RegisteredResource, other: RegisteredResource): number {
  const longer = other.template!.prefix.length - one.template!.prefix.length;
  if (longer !== 0) return longer;
  return one.key < other.key ? -1 : 1;
}
