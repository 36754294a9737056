import type { ArgumentsHost, ContextType } from '@nestjs/common';
import type { CallContext, ClientSession, User } from '../decorators/call-context.js';

/** `getType()` of an execution context during a call of a tool, resource or prompt. */
export const MCP_CONTEXT_TYPE = 'mcp';

/** For `context.getType<McpContextType>()`. */
export type McpContextType = ContextType | typeof MCP_CONTEXT_TYPE;

/** One call, for enhancers and for `@Inject(REQUEST)` in request-scoped providers. */
export interface McpContext<Input = unknown> {
  readonly user: User;
  readonly session: ClientSession;
  /** The validated input; pipes run later. */
  readonly input: Input;
  /** The context that the handler receives. */
  readonly call: CallContext;
}

/** The MCP call of an execution context. Throws `TypeError` where it is no MCP call. */
export function getMcpContext<Input = unknown>(host: ArgumentsHost): McpContext<Input> {
  if (host.getType<McpContextType>() !== MCP_CONTEXT_TYPE) {
    throw new TypeError('This is not a call of a tool, a resource or a prompt: check getType() first');
  }
  const [input, call] = host.getArgs<[Input, CallContext]>();
  return mcpContext(input, call);
}

/**
 * Whether a value is the context of an MCP call: for request-scoped providers that serve tools and controllers, where
 * `@Inject(REQUEST)` gives either an {@link McpContext} or an HTTP request.
 */
export function isMcpContext(request: unknown): request is McpContext {
  if (typeof request !== 'object' || request === null) return false;
  return 'call' in request && 'session' in request && 'input' in request && !('socket' in request);
}

export function mcpContext<Input>(input: Input, call: CallContext): McpContext<Input> {
  return { user: call.user, session: call.session, input, call };
}
