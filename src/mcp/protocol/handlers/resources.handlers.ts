import { Injectable } from '@nestjs/common';
import type { Found } from '../../catalog/primitive.js';
import { MAX_URI_LENGTH } from '../../catalog/registered-resource.js';
import { type FoundResource, ResourceRegistry } from '../../catalog/resource.registry.js';
import { Invoker } from '../../invocation/invoker.js';
import type { MessageContext } from '../../invocation/message-context.js';
import { resourceNotFound, ResourceOperation } from '../../invocation/resource.operation.js';
import { type ByteHold, InFlightBudgets } from '../../limits/in-flight.budgets.js';
import { weightOf } from '../../limits/weight.js';
import type { Params } from '../../messages/json-rpc.js';
import { invalidParams, ProtocolError } from '../../messages/protocol.error.js';
import { ErrorCode } from '../../messages/sdk-types.js';
import type { Session } from '../../sessions/session.js';
import { listHandler, type RequestHandler, type RequestHandlers } from '../request-handler.js';

/** Each subscription is kept with the session, on every node that serves it. */
const MAX_SUBSCRIPTIONS = 1_000;

/** MCP 2025-11-25 and 2026-07-28, Server Features: Resources. */
@Injectable()
export class ResourcesHandlers implements RequestHandlers {
  readonly handlers: readonly RequestHandler[];
  /** Counts each session's subscriptions. */
  private readonly holds = new WeakMap<Session, ByteHold>();

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
