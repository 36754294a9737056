import { Inject, Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { BackplaneNode, boundTo, ConcurrencyLimiter } from '../../../backplane/index.js';
import { ChangeAudience } from '../../catalog/change.audience.js';
import { ChangeBroadcast } from '../../catalog/change.broadcast.js';
import { type Change, LIST_NAMES } from '../../catalog/change.feed.js';
import { MAX_URI_LENGTH } from '../../catalog/registered-resource.js';
import { CallAbortedError } from '../../invocation/call-aborted.error.js';
import { MCP_OPTIONS, type McpModuleOptions } from '../../mcp.options.js';
import type { AbortCause } from '../../sessions/peer.js';
import { notificationOf } from '../change.announcer.js';
import type { MessageContext } from '../../invocation/message-context.js';
import type { RequestHandler, RequestHandlers } from '../request-handler.js';
import { encodeNotification, isObject, type JsonRpcRequest, type Params } from '../../messages/json-rpc.js';
import { invalidParams, ProtocolError } from '../../messages/protocol.error.js';
import { ResultWriter } from '../../invocation/result.writer.js';
import { ErrorCode, type RequestId } from '../../messages/sdk-types.js';

const SUBSCRIPTION_ID = 'io.modelcontextprotocol/subscriptionId';
const LISTS = { tools: 'toolsListChanged', prompts: 'promptsListChanged', resources: 'resourcesListChanged' };
const MAX_URIS = 1_000;
/** How long a stream counts for its user after the last sign of life of its node. Milliseconds. */
const PLACE_MS = 60_000;
/** Maximum counted size of a request in bytes: it is kept while its stream is open. */
const MAX_BYTES = 320 * 1024;

/** The changes that a client subscribes to. MCP 2026-07-28, Subscriptions, "Notification Filter". */
interface Filter {
  readonly toolsListChanged?: true;
  readonly promptsListChanged?: true;
  readonly resourcesListChanged?: true;
  readonly resourceSubscriptions?: readonly string[];
}

/** One of the streams that a user may have open, over all nodes. */
interface Place {
  readonly key: string;
  readonly holder: string;
}

/** `subscriptions/listen`: a request whose answer is a stream of changes, until the client closes it. */
@Injectable()
export class SubscriptionsHandlers implements RequestHandlers {
  readonly handlers: readonly RequestHandler[] = [
    {
      method: 'subscriptions/listen',
      era: 'stateless',
      answer: (request, context) => this.listen(request, context),
    },
  ];
  constructor(
    private readonly changes: ChangeBroadcast,
    private readonly audience: ChangeAudience,
    private readonly writer: ResultWriter,
    @Inject(ConcurrencyLimiter) private readonly slots: ConcurrencyLimiter,
    private readonly node: BackplaneNode,
    @Inject(MCP_OPTIONS) private readonly options: McpModuleOptions,
  ) {}

  private async listen(request: JsonRpcRequest, context: MessageContext): Promise<string> {
    if (context.hold !== undefined && context.hold.bytes > MAX_BYTES) {
      throw invalidParams(`A subscription may take ${MAX_BYTES} bytes at most`);
    }
    const filter = readFilter(request.params['notifications']);
    const { self } = this.node.membership;
    const place = { key: `listen:${context.principal.userKey}`, holder: boundTo(self, randomUUID()) };
    const limit = this.options.sessionsPerPrincipal;
    if (!(await this.slots.acquire(place.key, place.holder, limit, PLACE_MS))) {
      throw new ProtocolError(
        ErrorCode.InternalError,
        'This caller has too many open streams: close one first',
      );
    }
    try {
      await this.deliver(filter, request.id, context, place);
    } finally {
      // If it cannot be released now, it expires.
      this.slots.release(place.key, place.holder).catch(() => undefined);
    }
    return this.writer.write({ _meta: { [SUBSCRIPTION_ID]: request.id } }, context.peer);
  }

  /** Resolves when the stream has to end: the server stops, or there is nothing to subscribe to. */
  private async deliver(
    filter: Filter,
    id: RequestId,
    { peer, principal, sink }: MessageContext,
    place: Place,
  ): Promise<void> {
    const mark = { _meta: { [SUBSCRIPTION_ID]: id } };
    const acknowledged = 'notifications/subscriptions/acknowledged';
    sink.send(encodeNotification(acknowledged, { ...mark, notifications: filter }));
    if (Object.keys(filter).length === 0) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const tell = (change: Change): void => {
      if (!wants(filter, change) || !this.audience.mayReceive(change, principal.scopes)) return;
      const { method, params } = notificationOf(change);
      sink.send(encodeNotification(method, { ...params, ...mark }));
    };
    const stop = this.changes.subscribe((change) => {
      for (const told of change === undefined ? all(filter) : [change]) tell(told);
    });
    const abort = (cause: AbortCause): void =>
      cause === 'shutdown' ? resolve() : reject(new CallAbortedError(cause));
    let renewedAt = performance.now();
    const keepAlive = (now: number): void => {
      if (now - renewedAt < PLACE_MS / 3) return;
      renewedAt = now;
      this.renew(place).catch(() => undefined);
    };
    peer.calls.add(id, { abort, isStanding: true, keepAlive });
    try {
      await promise;
    } finally {
      stop();
      peer.calls.delete(id);
    }
  }

  private async renew({ key, holder }: Place): Promise<void> {
    if (await this.slots.renew(key, holder, PLACE_MS)) return;
    await this.slots.acquire(key, holder, Number.POSITIVE_INFINITY, PLACE_MS);
  }
}

/** Every change that a subscriber may have missed. */
function all({ resourceSubscriptions = [] }: Filter): readonly Change[] {
  const lists = LIST_NAMES.map((list) => ({ kind: 'list', list }) as const);
  return [...lists, ...resourceSubscriptions.map((uri) => ({ kind: 'resource', uri }) as const)];
}

function wants(filter: Filter, change: Change): boolean {
  return change.kind === 'list'
    ? filter[LISTS[change.list] as 'toolsListChanged'] === true
    : filter.resourceSubscriptions?.includes(change.uri) === true;
}

/** The requested changes that are supported. */
function readFilter(notifications: unknown): Filter {
  if (!isObject(notifications)) throw invalidParams('"notifications" must be an object');
  const lists = Object.values(LISTS).filter((name) => {
    const wanted = notifications[name];
    if (wanted !== undefined && typeof wanted !== 'boolean')
      throw invalidParams(`"${name}" must be a boolean`);
    return wanted === true;
  });
  return { ...Object.fromEntries(lists.map((name) => [name, true])), ...readUris(notifications) };
}

function readUris({ resourceSubscriptions: uris }: Params): Pick<Filter, 'resourceSubscriptions'> {
  if (uris === undefined) return {};
  if (!Array.isArray(uris) || uris.length > MAX_URIS || !uris.every(isUriText)) {
    throw invalidParams(
      `"resourceSubscriptions" must be a list of at most ${MAX_URIS} URIs of at most ${MAX_URI_LENGTH} characters`,
    );
  }
  return uris.length === 0 ? {} : { resourceSubscriptions: uris };
}

function isUriText(uri: unknown): uri is string {
  return typeof uri === 'string' && uri.length <= MAX_URI_LENGTH;
}
