import { Injectable } from '@nestjs/common';
import type { Found } from '../../catalog/primitive.js';
import { MAX_URI_LENGTH, type RegisteredResource } from '../../catalog/registered-resource.js';
import { type FoundResource, ResourceRegistry } from '../../catalog/resource.registry.js';
import type { ResourceContents, ResourceRequest } from '../../decorators/mcp-resource.js';
import type { Handler } from '../../enhancers/handler.js';
import { Invoker } from '../../invocation/invoker.js';
import type { MessageContext } from '../../invocation/message-context.js';
import type { FailureCause, Operation, Result } from '../../invocation/operation.js';
import { type BudgetHold, InFlightBudgets } from '../../limits/in-flight.budgets.js';
import { weightOf } from '../../limits/weight.js';
import { isObject, type Params } from '../../messages/json-rpc.js';
import { invalidParams, ProtocolError } from '../../messages/protocol.error.js';
import { ErrorCode } from '../../messages/sdk-types.js';
import { listHandler, type RequestHandler, type RequestHandlers } from '../request-handler.js';
import type { Peer } from '../../sessions/peer.js';
import type { Session } from '../../sessions/session.js';

/** Each subscription is kept with the session, on every node that serves it. */
const MAX_SUBSCRIPTIONS = 1_000;

/** MCP 2025-11-25 and 2026-07-28, Server Features: Resources. */
@Injectable()
export class ResourcesHandlers implements RequestHandlers {
  readonly handlers: readonly RequestHandler[];
  /** Counts each session's subscriptions. */
  private readonly holds = new WeakMap<Session, BudgetHold>();

  constructor(
    registry: ResourceRegistry,
    private readonly invoker: Invoker,
    private readonly budgets: InFlightBudgets,
  ) {
    const find = ({ uri }: Params): FoundResource | undefined =>
      typeof uri === 'string' ? registry.find(uri) : undefined;
    this.handlers = [
      listHandler('resources/list', registry.list),
      listHandler('resources/templates/list', registry.templates),
      this.read(find),
      this.subscribe(find),
      {
        method: 'resources/unsubscribe',
        era: 'sessions',
        answer: ({ params }, { peer }) => unsubscribe(params, peer as Session),
      },
    ];
  }

  private read(find: RequestHandler<FoundResource>['find']): RequestHandler<FoundResource> {
    return {
      method: 'resources/read',
      era: 'all',
      kind: 'resource',
      find,
      answer: (request, context, found) => {
        const uri = uriIn(request.params);
        const { peer } = context;
        return found?.verdict === 'allowed'
          ? this.invoker.call(new ResourceOperation(found.target, uri, peer), request, context)
          : this.invoker.unknown('resource', found, resourceNotFound(uri, peer), request, context);
      },
    };
  }

  private subscribe(find: RequestHandler<FoundResource>['find']): RequestHandler<FoundResource> {
    return {
      method: 'resources/subscribe',
      era: 'sessions',
      find,
      answer: ({ params }, context, found) => this.addSubscription(uriIn(params), context, found),
    };
  }

  /** MCP 2025-11-25, Resources, "Subscriptions". */
  private addSubscription(uri: string, { peer }: MessageContext, found?: Found<FoundResource>): string {
    const session = peer as Session;
    if (found?.verdict !== 'allowed') throw resourceNotFound(uri, peer);
    if (session.subscriptions.has(uri)) return '{}';
    if (session.subscriptions.size >= MAX_SUBSCRIPTIONS) {
      throw new ProtocolError(
        ErrorCode.InvalidRequest,
        `A session may have ${MAX_SUBSCRIPTIONS} subscriptions: end one first`,
      );
    }
    session.subscribe(uri);
    try {
      this.count(session);
    } catch (error) {
      session.unsubscribe(uri);
      throw error;
    }
    session.markDirty();
    return '{}';
  }

  /** Counts the session's subscriptions for its user. */
  private count(session: Session): void {
    let hold = this.holds.get(session);
    if (hold === undefined) {
      hold = this.budgets.hold(session.principal.userKey, 0);
      this.holds.set(session, hold);
      session.releaseAtEnd(hold);
    }
    // Counted twice: for the set on this node and for the record of the session.
    hold.resize(2 * weightOf([...session.subscriptions]));
  }
}

/** Accepts every URI, also of a resource that the caller may no longer read. */
function unsubscribe(params: Params, session: Session): string {
  if (session.unsubscribe(uriIn(params))) session.markDirty();
  return '{}';
}

function uriIn({ uri }: Params): string {
  if (typeof uri === 'string' && uri.length <= MAX_URI_LENGTH) return uri;
  throw invalidParams(`"uri" must be a string of at most ${MAX_URI_LENGTH} characters`);
}

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
