import type { RegisteredResource } from '../catalog/registered-resource.js';
import type { FoundResource } from '../catalog/resource.registry.js';
import type { ResourceContents, ResourceRequest } from '../decorators/mcp-resource.js';
import type { Handler } from '../enhancers/handler.js';
import { isObject } from '../messages/json-rpc.js';
import { ProtocolError } from '../messages/protocol.error.js';
import { ErrorCode } from '../messages/sdk-types.js';
import type { Peer } from '../sessions/peer.js';
import type { FailureCause, Operation, Result } from './operation.js';

/** `resources/read`: errors are error objects. MCP 2025-11-25, Resources, "Error Handling". */
export class ResourceOperation implements Operation {
  readonly kind = 'resource';

  readonly primitive: RegisteredResource;
  readonly timeoutMs: number | undefined;
  readonly run: Handler<ResourceRequest>;
  args: unknown;

  constructor(
    found: FoundResource,
    private readonly uri: string,
    private readonly peer: Peer,
  ) {
    this.primitive = found.primitive;
    this.timeoutMs = found.primitive.timeoutMs;
    this.run = found.primitive.read;
    this.args = { uri, variables: found.variables } satisfies ResourceRequest;
  }

  toResult(returned: unknown): Result {
    const contents = toContents(this.primitive, this.uri, returned);
    // The content may depend on the caller.
    return this.peer.isModern
      ? { contents, ttlMs: this.primitive.ttlMs, cacheScope: 'private' }
      : { contents };
  }

  failure(text: string, cause: FailureCause): ProtocolError {
    if (cause === 'not_found') return resourceNotFound(this.uri, this.peer);
    return new ProtocolError(ErrorCode.InternalError, text);
  }
}

/**
 * The answer for a URI that the caller cannot read. It is the same for every reason. MCP 2025-11-25 and 2026-07-28,
 * Resources, "Error Handling".
 */
export function resourceNotFound(uri: string, peer: Peer): ProtocolError {
  const code = peer.isModern ? ErrorCode.InvalidParams : ErrorCode.ResourceNotFound;
  return new ProtocolError(code, 'Resource not found', { uri });
}

/** Maps the return value of `read` to contents. Throws when it is none of the forms of {@link ResourceReturn}. */
function toContents(resource: RegisteredResource, uri: string, returned: unknown): ResourceContents[] {
  if (typeof returned === 'string') {
    return [{ uri, mimeType: resource.mimeType ?? 'text/plain', text: returned }];
  }
  if (returned instanceof Uint8Array) {
    const { buffer, byteOffset, byteLength } = returned;
    const blob = Buffer.from(buffer, byteOffset, byteLength).toString('base64');
    return [{ uri, mimeType: resource.mimeType ?? 'application/octet-stream', blob }];
  }
  const contents: readonly unknown[] = Array.isArray(returned) ? returned : [returned];
  if (contents.every(isContents)) return [...contents];
  throw new TypeError('read() must return a string, bytes, or contents with "uri" and "text" or "blob"');
}

function isContents(value: unknown): value is ResourceContents {
  if (!isObject(value) || typeof value['uri'] !== 'string') return false;
  return (typeof value['text'] === 'string') !== (typeof value['blob'] === 'string');
}
