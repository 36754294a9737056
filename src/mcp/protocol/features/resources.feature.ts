import { Injectable } from '@nestjs/common';
import { MAX_URI_LENGTH } from '../../catalog/registered-resource.js';
import { ResourceRegistry } from '../../catalog/resource.registry.js';
import { CallFactory } from '../../invocation/call.factory.js';
import { CallLog } from '../../invocation/call.log.js';
import { Invoker } from '../../invocation/invoker.js';
import { ResourceOperation } from '../../invocation/resource.operation.js';
import { type ByteHold, InFlightBudgets } from '../../limits/in-flight.budgets.js';
import { weightOf } from '../../limits/weight.js';
import { userKeyOf } from '../../sessions/principal.js';
import type { Session } from '../../sessions/session.js';
import type { Exchange } from '../../invocation/exchange.js';
import type { Feature, Method } from '../feature.js';
import type { JsonRpcRequest, Params } from '../../messages/json-rpc.js';
import { listPage } from '../list.page.js';
import { invalidParams, ProtocolError } from '../../messages/protocol.error.js';
import { resourceNotFound } from '../../invocation/resource-not-found.js';
import { ErrorCode } from '../../messages/sdk-types.js';

/** Each is kept with the session, on every node that serves it. */
const MAX_SUBSCRIPTIONS = 1_000;

/** MCP 2025-11-25 and 2026-07-28, Server Features: Resources. */
@Injectable()
export class ResourcesFeature implements Feature {
  private readonly entry: Method['entry'] = ({ uri }) =>
    typeof uri === 'string' ? this.registry.find(uri)?.resource : undefined;

  readonly methods: readonly Method[] = [
    {
      name: 'resources/list',
      era: 'all',
      answer: ({ params }, exchange) => listPage(this.registry.list, params, exchange),
    },
    {
      name: 'resources/templates/list',
      era: 'all',
      answer: ({ params }, exchange) => listPage(this.registry.templates, params, exchange),
    },
    {
      name: 'resources/read',
      era: 'all',
      answer: (request, exchange) => this.read(request, exchange),
      entry: this.entry,
    },
    {
      name: 'resources/subscribe',
      era: 'sessions',
      answer: ({ params }, exchange) => this.subscribe(params, exchange),
      entry: this.entry,
    },
    {
      name: 'resources/unsubscribe',
      era: 'sessions',
      answer: ({ params }, { peer }) => unsubscribe(params, peer as Session),
    },
  ];

  /** What each session's subscriptions are counted with. */
  private readonly held = new WeakMap<Session, ByteHold>();

  constructor(
    private readonly registry: ResourceRegistry,
    private readonly calls: CallFactory,
    private readonly invoker: Invoker,
    private readonly callLog: CallLog,
    private readonly budgets: InFlightBudgets,
  ) {}

  private read(request: JsonRpcRequest, exchange: Exchange): Promise<string> {
    const uri = uriIn(request.params);
    return this.calls.run(request, exchange, (call) => {
      const found = this.registry.find(uri);
      if (found?.resource.access.verdict(call.user.scopes) !== 'allowed') {
        this.callLog.unknown(call, 'resource', found?.resource);
        throw resourceNotFound(uri, exchange.peer);
      }
      return this.invoker.invoke(new ResourceOperation(found, uri, exchange.peer), call);
    });
  }

  /** MCP 2025-11-25, Resources, "Subscriptions". */
  private subscribe(params: Params, { peer, principal }: Exchange): string {
    const uri = uriIn(params);
    const session = peer as Session;
    if (this.registry.verdictOn(uri, principal.scopes) !== 'allowed') throw resourceNotFound(uri, peer);
    if (session.subscriptions.has(uri)) return '{}';
    if (session.subscriptions.size >= MAX_SUBSCRIPTIONS) {
      throw new ProtocolError(
        ErrorCode.InvalidRequest,
        `A session may have ${MAX_SUBSCRIPTIONS} subscriptions: end one first`,
      );
    }
    session.subscriptions.add(uri);
    try {
      this.count(session);
    } catch (error) {
      session.subscriptions.delete(uri);
      throw error;
    }
    session.revise();
    return '{}';
  }

  /** What the session is subscribed to is counted for its user. */
  private count(session: Session): void {
    let hold = this.held.get(session);
    if (hold === undefined) {
      hold = this.budgets.hold(userKeyOf(session.principal), 0);
      this.held.set(session, hold);
      session.holds.add(hold);
    }
    // Here, and in the record of the session.
    hold.resize(2 * weightOf([...session.subscriptions]));
  }
}

/** Also of what the caller may no longer read, and of what it has never subscribed to. */
function unsubscribe(params: Params, session: Session): string {
  if (session.subscriptions.delete(uriIn(params))) session.revise();
  return '{}';
}

function uriIn({ uri }: Params): string {
  if (typeof uri === 'string' && uri.length <= MAX_URI_LENGTH) return uri;
  throw invalidParams(`"uri" must be a string of at most ${MAX_URI_LENGTH} characters`);
}
