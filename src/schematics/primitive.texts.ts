export type PrimitiveKind = 'tool' | 'resource' | 'prompt';

/** The values in the texts of a new primitive. */
export interface NewPrimitive {
  /** In kebab-case. */
  readonly name: string;
  readonly className: string;
  /** The display name: the name with spaces and a capital letter. */
  readonly title: string;
  /** The module from which the decorators are imported. */
  readonly library: string;
  /** The module from which the spec imports the class. */
  readonly file: string;
}

interface Texts {
  source(primitive: NewPrimitive): string;
  spec(primitive: NewPrimitive): string;
}

const tool: Texts = {
  source: ({ name, className, title, library }) => `import { z } from 'zod';
import { type McpTool, Tool } from '${library}';

const input = z.object({ text: z.string().describe('What the caller sends') });

@Tool({
  name: '${name}',
  title: '${title}',
  description: 'Say what the tool does and when to call it: the model decides by this text.',
  input,
  annotations: { readOnlyHint: true },
})
export class ${className} implements McpTool<typeof input> {
  execute({ text }: z.infer<typeof input>): string {
    return text;
  }
}
`,
  spec: ({ name, className, file }) => `import { ${className} } from '${file}';

describe('${name}', () => {
  it('returns what it is sent', () => {
    expect(new ${className}().execute({ text: 'Hello' })).toBe('Hello');
  });
});
`,
};

const resource: Texts = {
  source: ({ name, className, title, library }) => `import { type McpResource, Resource } from '${library}';

@Resource({
  name: '${name}',
  title: '${title}',
  description: 'Say what a client reads here.',
  uri: '${name}://all',
  mimeType: 'text/plain',
})
export class ${className} implements McpResource {
  read(): string {
    return 'Hello';
  }
}
`,
  spec: ({ name, className, file }) => `import { ${className} } from '${file}';

describe('${name}', () => {
  it('has a text', () => {
    expect(new ${className}().read()).toBe('Hello');
  });
});
`,
};

const prompt: Texts = {
  source: ({ name, className, title, library }) => `import { z } from 'zod';
import { type McpPrompt, Prompt } from '${library}';

const args = z.object({ topic: z.string().describe('What to write about') });

@Prompt({
  name: '${name}',
  title: '${title}',
  description: 'Say what the user gets who picks this prompt.',
  args,
})
export class ${className} implements McpPrompt<typeof args> {
  render({ topic }: z.infer<typeof args>): string {
    return \`Write about \${topic}.\`;
  }
}
`,
  spec: ({ name, className, file }) => `import { ${className} } from '${file}';

describe('${name}', () => {
  it('names the topic', () => {
    expect(new ${className}().render({ topic: 'tea' })).toContain('tea');
  });
});
`,
};

/** The source and the spec of a new class of each kind. */
export const TEXTS: Readonly<Record<PrimitiveKind, Texts>> = { tool, resource, prompt };
