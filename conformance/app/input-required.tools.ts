import { z } from 'zod';
import { type McpTool, Tool, type CallContext } from '../../src/mcp/index.js';
import { describeAnswer, textOf } from './samples.ts';

const aName = z.object({ name: z.string() });
const aColour = z.object({ color: z.string() });
const confirmation = z.object({ ok: z.boolean() });

@Tool({ name: 'test_input_required_result_elicitation', description: 'Greets the user by name.' })
export class InputByElicitationTool implements McpTool {
  async execute(_input: Record<string, never>, context: CallContext): Promise<string> {
    const answer = await context.elicit({ key: 'user_name', message: 'What is your name?', schema: aName });
    return answer.action === 'accept' ? `Hello, ${answer.content.name}!` : 'Hello, stranger!';
  }
}

@Tool({ name: 'test_input_required_result_sampling', description: 'Asks the client’s model about France.' })
export class InputBySamplingTool implements McpTool {
  async execute(_input: Record<string, never>, context: CallContext): Promise<string> {
    const reply = await context.sample({
      key: 'capital_question',
      messages: [{ role: 'user', content: { type: 'text', text: 'What is the capital of France?' } }],
      maxTokens: 100,
    });
    return textOf(reply.content);
  }
}

@Tool({ name: 'test_input_required_result_list_roots', description: 'Names the client’s roots.' })
export class InputByRootsTool implements McpTool {
  async execute(_input: Record<string, never>, context: CallContext): Promise<string> {
    const roots = await context.listRoots({ key: 'client_roots' });
    return `Roots: ${roots.map(({ uri }) => uri).join(', ')}`;
  }
}

@Tool({ name: 'test_input_required_result_request_state', description: 'Keeps a state between rounds.' })
export class RequestStateTool implements McpTool {
  async execute(_input: Record<string, never>, context: CallContext): Promise<string> {
    const state = await context.once('state', () => 'state-ok');
    const answer = await context.elicit({ key: 'confirm', message: 'Please confirm', schema: confirmation });
    return `${state}: ${describeAnswer(answer)}`;
  }
}

@Tool({ name: 'test_input_required_result_multiple_inputs', description: 'Asks three things at once.' })
export class MultipleInputsTool implements McpTool {
  async execute(_input: Record<string, never>, context: CallContext): Promise<string> {
    const [answer, greeting, roots] = await Promise.all([
      context.elicit({ key: 'user_name', message: 'What is your name?', schema: aName }),
      context.sample({
        key: 'greeting',
        messages: [{ role: 'user', content: { type: 'text', text: 'Generate a greeting' } }],
        maxTokens: 50,
      }),
      context.listRoots({ key: 'client_roots' }),
    ]);
    return `${textOf(greeting.content)} ${describeAnswer(answer)}, ${roots.length} root(s)`;
  }
}

@Tool({ name: 'test_input_required_result_multi_round', description: 'Asks one thing after another.' })
export class MultiRoundTool implements McpTool {
  async execute(_input: Record<string, never>, context: CallContext): Promise<string> {
    const name = await context.elicit({ key: 'step1', message: 'Step 1: What is your name?', schema: aName });
    const colour = await context.elicit({
      key: 'step2',
      message: 'Step 2: What is your favorite color?',
      schema: aColour,
    });
    return `${describeAnswer(name)}; ${describeAnswer(colour)}`;
  }
}

@Tool({ name: 'test_input_required_result_tampered_state', description: 'Asks for a confirmation.' })
export class TamperedStateTool implements McpTool {
  async execute(_input: Record<string, never>, context: CallContext): Promise<string> {
    const answer = await context.elicit({ key: 'confirm', message: 'Please confirm', schema: confirmation });
    return describeAnswer(answer);
  }
}

@Tool({
  name: 'test_input_required_result_capabilities',
  description: 'Asks the user or the model, by way of the client.',
})
export class CapabilitiesTool implements McpTool {
  async execute(_input: Record<string, never>, context: CallContext): Promise<string> {
    const { sampling, elicitation } = context.session.clientCapabilities;
    const text = 'Which way?';
    const [reply, answer] = await Promise.all([
      sampling &&
        context.sample({ messages: [{ role: 'user', content: { type: 'text', text } }], maxTokens: 10 }),
      elicitation && context.elicit({ message: text, schema: aName }),
    ]);
    return `model: ${reply ? textOf(reply.content) : 'none'}; user: ${answer ? describeAnswer(answer) : 'none'}`;
  }
}
