import type { Entry } from '../catalog/entry.js';
import type { FoundResource } from '../catalog/resource.registry.js';
import type { CallContext } from '../decorators/call-context.js';
import type { ResourceRequest } from '../decorators/mcp-resource.js';
import { ProtocolError } from '../messages/protocol.error.js';
import { resourceNotFound } from './resource-not-found.js';
import { ErrorCode } from '../messages/sdk-types.js';
import type { Peer } from '../sessions/peer.js';
import type { FailureCause, Operation, Result } from './operation.js';
import { toContents } from './resource-contents.js';

/** `resources/read`: what goes wrong is an error object. MCP 2025-11-25, Resources, "Error Handling". */
export class ResourceOperation implements Operation {
  readonly kind = 'resource';

  constructor(
    private readonly found: FoundResource,
    private readonly uri: string,
    private readonly peer: Peer,
  ) {}

  /** Of a family its template: the URI is the client's own text. */
  get target(): string {
    return this.found.resource.key;
  }

  get entry(): Entry {
    return this.found.resource;
  }

  get timeoutMs(): number | undefined {
    return this.found.resource.timeoutMs;
  }

  prepare(): ResourceRequest {
    return { uri: this.uri, variables: this.found.variables };
  }

  run(request: ResourceRequest, context: CallContext): unknown {
    return this.found.resource.read(request, context);
  }

  toResult(returned: unknown): Result {
    const { resource } = this.found;
    const contents = toContents(resource, this.uri, returned);
    // What is read may depend on who reads it.
    return this.peer.isModern ? { contents, ttlMs: resource.ttlMs, cacheScope: 'private' } : { contents };
  }

  failure(text: string, cause: FailureCause): ProtocolError {
    if (cause === 'not_found') return resourceNotFound(this.uri, this.peer);
    return new ProtocolError(ErrorCode.InternalError, text);
  }
}
