import { type ContentBlock, type McpTool, Tool, ToolError } from '../../src/mcp/index.js';
import { PNG, WAV } from './samples.ts';

@Tool({ name: 'test_simple_text', description: 'Returns a text.' })
export class SimpleTextTool implements McpTool {
  execute(): string {
    return 'This is a simple text response for testing.';
  }
}

@Tool({ name: 'test_image_content', description: 'Returns an image.' })
export class ImageContentTool implements McpTool {
  execute(): ContentBlock[] {
    return [{ type: 'image', data: PNG, mimeType: 'image/png' }];
  }
}

@Tool({ name: 'test_audio_content', description: 'Returns a sound.' })
export class AudioContentTool implements McpTool {
  execute(): ContentBlock[] {
    return [{ type: 'audio', data: WAV, mimeType: 'audio/wav' }];
  }
}

@Tool({ name: 'test_embedded_resource', description: 'Returns a resource.' })
export class EmbeddedResourceTool implements McpTool {
  execute(): ContentBlock[] {
    const text = 'This is an embedded resource content.';
    return [
      { type: 'resource', resource: { uri: 'test://embedded-resource', mimeType: 'text/plain', text } },
    ];
  }
}

@Tool({ name: 'test_multiple_content_types', description: 'Returns a text, an image and a resource.' })
export class MultipleContentTypesTool implements McpTool {
  execute(): ContentBlock[] {
    const text = JSON.stringify({ test: 'data', value: 123 });
    const uri = 'test://mixed-content-resource';
    return [
      { type: 'text', text: 'Multiple content types test:' },
      { type: 'image', data: PNG, mimeType: 'image/png' },
      { type: 'resource', resource: { uri, mimeType: 'application/json', text } },
    ];
  }
}

@Tool({ name: 'test_error_handling', description: 'Fails, always.' })
export class ErrorHandlingTool implements McpTool {
  execute(): never {
    throw new ToolError('This tool intentionally returns an error for testing');
  }
}
