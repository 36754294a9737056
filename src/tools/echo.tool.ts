import { z } from 'zod';
import { type McpTool, Tool } from '../mcp/index.js';

const input = z.object({ message: z.string().describe('Text to send back') });

/** Returns its input. */
@Tool({
  name: 'echo',
  title: 'Echo',
  description: 'Returns the message it was given.',
  input,
  annotations: { readOnlyHint: true, openWorldHint: false },
})
export class EchoTool implements McpTool<typeof input> {
  execute({ message }: z.infer<typeof input>): string {
    return `Echo: ${message}`;
  }
}
