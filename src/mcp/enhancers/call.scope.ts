import { type ContextId, ContextIdFactory, type DiscoveryService, ModuleRef } from '@nestjs/core';
import type { CallContext } from '../decorators/call-context.js';
import { type McpContext, mcpContext } from './mcp-context.js';

type Wrapper = ReturnType<DiscoveryService['getProviders']>[number];

/** Creates a new instance of a provider, its dependencies and its enhancers for each call. They are not retained. */
export class CallScope {
  private readonly moduleRef: ModuleRef;

  constructor(private readonly wrapper: Wrapper) {
    this.moduleRef = wrapper.host!.getProviderByKey<ModuleRef>(ModuleRef).instance;
  }

  /** Rejects where a dependency cannot be created. */
  async enter(input: unknown, call: CallContext): Promise<{ instance: object; contextId: ContextId }> {
    const request = mcpContext(input, call);
    // Where the application uses durable providers, its strategy derives the tenant from the request.
    const contextId: ContextId = ContextIdFactory.getByRequest(request);
    this.moduleRef.registerRequestByContextId(this.injected(request, contextId), contextId);
    const instance = await this.moduleRef.resolve<object>(this.wrapper.token as string, contextId);
    return { instance, contextId };
  }

  /** The value of `@Inject(REQUEST)`; durable instances, which outlive the call, get the payload only. */
  private injected(request: McpContext, contextId: ContextId): unknown {
    if (contextId.getParent === undefined) return request;
    return this.wrapper.isDependencyTreeDurable()
      ? contextId.payload
      : Object.assign(request, contextId.payload);
  }
}
