import { z } from 'zod';
import { type McpTool, Tool, type CallContext } from '../../src/mcp/index.js';
import { describeAnswer, textOf } from './samples.ts';

const samplingInput = z.object({ prompt: z.string().describe('What to ask the model') });

@Tool({ name: 'test_sampling', description: 'Asks the client’s model.', input: samplingInput })
export class SamplingTool implements McpTool<typeof samplingInput> {
  async execute({ prompt }: z.infer<typeof samplingInput>, context: CallContext): Promise<string> {
    const reply = await context.sample({
      messages: [{ role: 'user', content: { type: 'text', text: prompt } }],
      maxTokens: 100,
    });
    return `LLM response: ${textOf(reply.content)}`;
  }
}

const elicitationInput = z.object({ message: z.string().describe('What to ask the user') });

const account = z.object({
  username: z.string().describe("User's response"),
  email: z.string().describe("User's email address"),
});

@Tool({ name: 'test_elicitation', description: 'Asks the user.', input: elicitationInput })
export class ElicitationTool implements McpTool<typeof elicitationInput> {
  async execute({ message }: z.infer<typeof elicitationInput>, context: CallContext): Promise<string> {
    return `User response: ${describeAnswer(await context.elicit({ message, schema: account }))}`;
  }
}

const profile = z.object({
  name: z.string().default('John Doe').describe('User name'),
  age: z.int().default(30).describe('User age'),
  score: z.number().default(95.5).describe('User score'),
  status: z.enum(['active', 'inactive', 'pending']).default('active').describe('User status'),
  verified: z.boolean().default(true).describe('Verification status'),
});

@Tool({
  name: 'test_elicitation_sep1034_defaults',
  description: 'Asks the user with values filled in.',
})
export class ElicitationDefaultsTool implements McpTool {
  async execute(_input: Record<string, never>, context: CallContext): Promise<string> {
    const answer = await context.elicit({ message: 'Please check your profile', schema: profile });
    return `Elicitation completed: ${describeAnswer(answer)}`;
  }
}

const OPTIONS = ['option1', 'option2', 'option3'];

/** The five ways to write a choice. The third is deprecated, and no schema library generates it. */
const choices = {
  type: 'object' as const,
  properties: {
    untitledSingle: { type: 'string' as const, enum: OPTIONS },
    titledSingle: {
      type: 'string' as const,
      oneOf: [
        { const: 'value1', title: 'First Option' },
        { const: 'value2', title: 'Second Option' },
        { const: 'value3', title: 'Third Option' },
      ],
    },
    legacyEnum: {
      type: 'string' as const,
      enum: ['opt1', 'opt2', 'opt3'],
      enumNames: ['Option One', 'Option Two', 'Option Three'],
    },
    untitledMulti: { type: 'array' as const, items: { type: 'string' as const, enum: OPTIONS } },
    titledMulti: {
      type: 'array' as const,
      items: {
        anyOf: [
          { const: 'value1', title: 'First Choice' },
          { const: 'value2', title: 'Second Choice' },
          { const: 'value3', title: 'Third Choice' },
        ],
      },
    },
  },
};

@Tool({ name: 'test_elicitation_sep1330_enums', description: 'Asks the user to choose, in five ways.' })
export class ElicitationEnumsTool implements McpTool {
  async execute(_input: Record<string, never>, context: CallContext): Promise<string> {
    const answer = await context.elicit({ message: 'Please choose', requestedSchema: choices });
    return `Elicitation completed: ${describeAnswer(answer)}`;
  }
}

@Tool({ name: 'test_missing_capability', description: 'Needs the client’s model.' })
export class MissingCapabilityTool implements McpTool {
  async execute(_input: Record<string, never>, context: CallContext): Promise<string> {
    const reply = await context.sample({
      messages: [{ role: 'user', content: { type: 'text', text: 'Say anything' } }],
      maxTokens: 10,
    });
    return textOf(reply.content);
  }
}

const confirmation = z.object({ ok: z.boolean() });

@Tool({ name: 'test_streaming_elicitation', description: 'Asks the user on the way.' })
export class StreamingElicitationTool implements McpTool {
  async execute(_input: Record<string, never>, context: CallContext): Promise<string> {
    context.progress(0, { total: 1 });
    const answer = await context.elicit({ message: 'Go on?', schema: confirmation });
    return describeAnswer(answer);
  }
}
