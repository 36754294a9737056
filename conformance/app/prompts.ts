import { z } from 'zod';
import {
  type CompletionRequest,
  type McpPrompt,
  Prompt,
  type PromptMessage,
  type CallContext,
} from '../../src/mcp/index.js';
import { PNG } from './samples.ts';

@Prompt({ name: 'test_simple_prompt', description: 'A prompt without arguments.' })
export class SimplePrompt implements McpPrompt {
  render(): string {
    return 'This is a simple prompt for testing.';
  }
}

const twoArguments = z.object({
  arg1: z.string().describe('First test argument'),
  arg2: z.string().describe('Second test argument'),
});

const SUGGESTIONS = ['testValue1', 'testValue2', 'another value'];

@Prompt({ name: 'test_prompt_with_arguments', description: 'A prompt with arguments.', args: twoArguments })
export class PromptWithArguments implements McpPrompt<typeof twoArguments> {
  render({ arg1, arg2 }: z.infer<typeof twoArguments>): string {
    return `Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`;
  }

  complete({ value }: CompletionRequest): string[] {
    return SUGGESTIONS.filter((suggestion) => suggestion.startsWith(value));
  }
}

const resourceArgument = z.object({ resourceUri: z.string().describe('URI of the resource to embed') });

@Prompt({
  name: 'test_prompt_with_embedded_resource',
  description: 'A prompt that carries a resource.',
  args: resourceArgument,
})
export class PromptWithEmbeddedResource implements McpPrompt<typeof resourceArgument> {
  render({ resourceUri: uri }: z.infer<typeof resourceArgument>): PromptMessage[] {
    const text = 'Embedded resource content for testing.';
    return [
      { role: 'user', content: { type: 'resource', resource: { uri, mimeType: 'text/plain', text } } },
      { role: 'user', content: { type: 'text', text: 'Please process the embedded resource above.' } },
    ];
  }
}

@Prompt({ name: 'test_prompt_with_image', description: 'A prompt that carries an image.' })
export class PromptWithImage implements McpPrompt {
  render(): PromptMessage[] {
    return [
      { role: 'user', content: { type: 'image', data: PNG, mimeType: 'image/png' } },
      { role: 'user', content: { type: 'text', text: 'Please analyze the image above.' } },
    ];
  }
}

const aContext = z.object({ context: z.string() });

@Prompt({ name: 'test_input_required_result_prompt', description: 'A prompt that asks for its context.' })
export class AskingPrompt implements McpPrompt {
  async render(_args: Record<string, never>, context: CallContext): Promise<string> {
    const answer = await context.elicit({
      key: 'user_context',
      message: 'What context should the prompt use?',
      schema: aContext,
    });
    return answer.action === 'accept'
      ? `Answer in the context of: ${answer.content.context}`
      : 'Answer without any context.';
  }
}
