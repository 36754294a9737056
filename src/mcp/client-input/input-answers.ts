import {
  type CreateMessageResult,
  type CreateMessageResultWithTools,
  CreateMessageResultSchema,
  CreateMessageResultWithToolsSchema,
  type ElicitResult,
  ElicitResultSchema,
  ListRootsResultSchema,
  type Root,
} from '../messages/sdk-types.js';
import { ToolError } from '../decorators/tool.error.js';

/** The client's answer to `elicitation/create`. Throws {@link ToolError} where it is malformed. */
export function readElicited(answer: unknown): ElicitResult {
  const result = ElicitResultSchema.safeParse(answer);
  if (result.success) return result.data;
  throw noAnswer('elicitation');
}

/** The client's answer to `sampling/createMessage`. Throws {@link ToolError} where it is malformed. */
export function readSample(answer: unknown): CreateMessageResult | CreateMessageResultWithTools {
  const plain = CreateMessageResultSchema.safeParse(answer);
  if (plain.success) return plain.data;
  const withTools = CreateMessageResultWithToolsSchema.safeParse(answer);
  if (withTools.success) return withTools.data;
  throw noAnswer('sampling request');
}

/** The client's answer to `roots/list`. Throws {@link ToolError} where it is malformed. */
export function readRoots(answer: unknown): readonly Root[] {
  const result = ListRootsResultSchema.safeParse(answer);
  if (result.success) return result.data.roots;
  throw noAnswer('roots request');
}

const READERS: ReadonlyMap<string, (answer: unknown) => unknown> = new Map<
  string,
  (answer: unknown) => unknown
>([
  ['elicitation/create', readElicited],
  ['sampling/createMessage', readSample],
  ['roots/list', readRoots],
]);

/** Whether the value has the protocol's form of an answer to such a request. */
export function isAnswer(method: string, value: unknown): boolean {
  try {
    READERS.get(method)!(value);
    return true;
  } catch (error) {
    if (error instanceof ToolError) return false;
    throw error;
  }
}

function noAnswer(what: string): ToolError {
  return new ToolError(`The client’s answer to the ${what} does not have the form that the protocol defines`);
}
