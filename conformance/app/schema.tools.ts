import { z } from 'zod';
import { fromJsonSchema, type McpTool, Tool } from '../../src/mcp/index.js';

interface Contact {
  readonly name?: string;
  readonly address?: { readonly street?: string; readonly city?: string };
  readonly contactMethod?: 'phone' | 'email';
  readonly phone?: string;
  readonly email?: string;
}

/** Written as JSON Schema rather than with zod, since this tool tests `$anchor`, `$defs` and `if`. */
const contact = fromJsonSchema<Contact>({
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  $defs: {
    address: {
      $anchor: 'addressDef',
      type: 'object',
      properties: { street: { type: 'string' }, city: { type: 'string' } },
    },
  },
  properties: {
    name: { type: 'string' },
    address: { $ref: '#/$defs/address' },
    contactMethod: { type: 'string', enum: ['phone', 'email'] },
    phone: { type: 'string' },
    email: { type: 'string' },
  },
  allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
  if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
  // oxlint-disable-next-line unicorn/no-thenable -- the keyword of JSON Schema
  then: { required: ['phone'] },
  else: { required: ['email'] },
  additionalProperties: false,
});

@Tool({
  name: 'json_schema_2020_12_tool',
  description: 'Takes a contact, described with all that JSON Schema 2020-12 has.',
  input: contact,
})
export class JsonSchemaTool implements McpTool<typeof contact> {
  execute({ name = 'unknown' }: Contact): string {
    return `Contact: ${name}`;
  }
}

const query = z.object({
  region: z.string().meta({ 'x-mcp-header': 'Region' }).describe('Where to look'),
  text: z.string().default('').describe('What to look for'),
});

@Tool({
  name: 'test_custom_header',
  description: 'Takes a parameter that is mirrored in a header.',
  input: query,
})
export class CustomHeaderTool implements McpTool<typeof query> {
  execute({ region, text }: z.infer<typeof query>): string {
    return `Searched ${region} for ${JSON.stringify(text)}`;
  }
}
