import { type ContextId, ContextIdFactory, type DiscoveryService, ModuleRef } from '@nestjs/core';
import type { CallContext } from '../decorators/call-context.js';
import { type McpContext, mcpContext } from './mcp-context.js';

type Wrapper = ReturnType<DiscoveryService['getProviders']>[number];

/** Makes, for each call, a new instance of a provider, of what it injects and of its enhancers. Nothing holds them later. */
export class CallScope {
  private readonly moduleRef: ModuleRef;

  constructor(private readonly wrapper: Wrapper) {
    this.moduleRef = wrapper.host!.getProviderByKey<ModuleRef>(ModuleRef).instance;
  }

  /** Rejects where something that is injected cannot be made. */
  async enter(input: unknown, call: CallContext): Promise<{ instance: object; contextId: ContextId }> {
    const request = mcpContext(input, call);
    // Where durable providers are used, the application's strategy finds their tenant by the request.
    const contextId: ContextId = ContextIdFactory.getByRequest(request);
    this.moduleRef.registerRequestByContextId(this.injected(request, contextId), contextId);
    const instance = await this.moduleRef.resolve<object>(this.wrapper.token as string, contextId);
    return { instance, contextId };
  }

  /** What `@Inject(REQUEST)` gives: what durable instances outlive does not reach them. */
  private injected(request: McpContext, contextId: ContextId): unknown {
    if (contextId.getParent === undefined) return request;
    return this.wrapper.isDependencyTreeDurable()
      ? contextId.payload
      : Object.assign(request, contextId.payload);
  }
}
