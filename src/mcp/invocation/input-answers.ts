import {
  type CreateMessageResult,
  type CreateMessageResultWithTools,
  CreateMessageResultSchema,
  CreateMessageResultWithToolsSchema,
  ListRootsResultSchema,
  type Root,
} from '../protocol/sdk-types.js';
import { ToolError } from './tool.error.js';

/** The client's answer to `sampling/createMessage`. Throws {@link ToolError} where it is none. */
export function readSample(answer: unknown): CreateMessageResult | CreateMessageResultWithTools {
  const plain = CreateMessageResultSchema.safeParse(answer);
  if (plain.success) return plain.data;
  const withTools = CreateMessageResultWithToolsSchema.safeParse(answer);
  if (withTools.success) return withTools.data;
  throw new ToolError('The client’s answer to the sampling request is not one that the protocol knows');
}

/** The client's answer to `roots/list`. Throws {@link ToolError} where it is none. */
export function readRoots(answer: unknown): readonly Root[] {
  const result = ListRootsResultSchema.safeParse(answer);
  if (result.success) return result.data.roots;
  throw new ToolError('The client’s answer to the roots request is not one that the protocol knows');
}
