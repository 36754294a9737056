import { type McpPrompt, type McpTool, PromptRegistry, Tool, ToolRegistry } from '../../src/mcp/index.js';

class DynamicTool implements McpTool {
  execute(): string {
    return 'There for now';
  }
}

class DynamicPrompt implements McpPrompt {
  render(): string {
    return 'There for now';
  }
}

@Tool({ name: 'test_trigger_tool_change', description: 'Adds a tool, or takes it away.' })
export class ToolChangeTool implements McpTool {
  private added = false;

  constructor(private readonly tools: ToolRegistry) {}

  execute(): string {
    this.added = !this.added;
    if (this.added)
      this.tools.add({ name: 'test_dynamic', description: 'Comes and goes.' }, new DynamicTool());
    else this.tools.remove('test_dynamic');
    return this.added ? 'Added' : 'Removed';
  }
}

@Tool({ name: 'test_trigger_prompt_change', description: 'Adds a prompt, or takes it away.' })
export class PromptChangeTool implements McpTool {
  private added = false;

  constructor(private readonly prompts: PromptRegistry) {}

  execute(): string {
    this.added = !this.added;
    if (this.added)
      this.prompts.add({ name: 'test_dynamic', description: 'Comes and goes.' }, new DynamicPrompt());
    else this.prompts.remove('test_dynamic');
    return this.added ? 'Added' : 'Removed';
  }
}
