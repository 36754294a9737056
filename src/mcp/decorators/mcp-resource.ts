import type { ReadResourceResult } from '../messages/sdk-types.js';
import type { CallContext } from './call-context.js';
import type { Completes } from './completion.js';

/** Text or binary (base64) content, with the URI it belongs to. */
export type ResourceContents = ReadResourceResult['contents'][number];

/** The resource to read. */
export interface ResourceRequest {
  readonly uri: string;
  /** The variables of the URI template, by name; empty where the resource has a fixed URI. */
  readonly variables: Readonly<Record<string, string>>;
}

/** A string, bytes, or contents as sent. A string or bytes get the resource's own URI and MIME type. */
export type ResourceReturn = string | Uint8Array | ResourceContents | readonly ResourceContents[];

/**
 * The class of a resource. Throw `ResourceNotFoundError` where the template matches but the resource does not exist.
 * Any other error is logged, and the client receives a reference number only.
 */
export interface McpResource extends Completes {
  read(
    request: ResourceRequest,
    context: CallContext,
    ...decorated: never[]
  ): ResourceReturn | Promise<ResourceReturn>;
}
