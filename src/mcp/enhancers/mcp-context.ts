import type { ArgumentsHost, ContextType } from '@nestjs/common';
import type { CallContext, ClientSession, User } from '../decorators/call-context.js';

/** What `getType()` of an execution context says of a call of a tool, a resource or a prompt. */
export const MCP_CONTEXT_TYPE = 'mcp';

/** For `context.getType<McpContextType>()`. */
export type McpContextType = ContextType | typeof MCP_CONTEXT_TYPE;

/** One call, as enhancers see it, and what `@Inject(REQUEST)` gives to providers that live as long as it does. */
export interface McpContext<Input = unknown> {
  readonly user: User;
  readonly session: ClientSession;
  /** What the handler is called with, as its schema hands it out; pipes come later. */
  readonly input: Input;
  /** The context that the handler gets. */
  readonly call: CallContext;
}

/** The call that a guard, an interceptor or a filter stands around. Throws `TypeError` where it is no MCP call. */
export function getMcpContext<Input = unknown>(host: ArgumentsHost): McpContext<Input> {
  if (host.getType<McpContextType>() !== MCP_CONTEXT_TYPE) {
    throw new TypeError('This is no call of a tool, a resource or a prompt: ask getType() first');
  }
  const [input, call] = host.getArgs<[Input, CallContext]>();
  return mcpContext(input, call);
}

export function mcpContext<Input>(input: Input, call: CallContext): McpContext<Input> {
  return { user: call.user, session: call.session, input, call };
}
