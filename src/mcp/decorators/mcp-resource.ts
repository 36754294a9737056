import type { ReadResourceResult } from '../messages/sdk-types.js';
import type { CallContext } from './call-context.js';
import type { Completes } from './completion.js';

/** Text or binary (base64) content, with the URI it belongs to. */
export type ResourceContents = ReadResourceResult['contents'][number];

/** What is read. */
export interface ResourceRequest {
  readonly uri: string;
  /** The variables of the URI template, by name; empty where the resource has a fixed URI. */
  readonly variables: Readonly<Record<string, string>>;
}

/** A text, bytes, or contents as they go out. A text or bytes get the resource's own URI and MIME type. */
export type ResourceReturn = string | Uint8Array | ResourceContents | readonly ResourceContents[];

/**
 * The class behind a resource. Throw `ResourceNotFoundError` where a template fits but nothing is there.
 * Anything else that is thrown is logged, and the client sees a reference number only.
 */
export interface McpResource extends Completes {
  read(
    request: ResourceRequest,
    context: CallContext,
    ...decorated: never[]
  ): ResourceReturn | Promise<ResourceReturn>;
}
