import { type JsonSchema, objectSchemaOf } from '../catalog/json-schema.js';
import { inlined } from '../catalog/schemas/references.js';
import type {
  Elicited,
  FormElicitation,
  RawElicitation,
  UrlElicitation,
} from '../decorators/call-context.js';
import type { Schema } from '../decorators/schema.js';
import { ElicitRequestFormParamsSchema } from '../messages/sdk-types.js';
import { describeIssues, validateArguments } from '../catalog/argument-issues.js';
import type { ClientInput } from './client.input.js';
import { readElicited } from './input-answers.js';
import { ToolError } from '../decorators/tool.error.js';

/** Asks the user and validates the answer. Throws {@link ToolError} where the answer does not fit. */
export async function elicitation(
  request: FormElicitation<Schema> | RawElicitation | UrlElicitation,
  input: ClientInput,
): Promise<Elicited<unknown>> {
  const { key } = request;
  const answer = await input.ask({ method: 'elicitation/create', params: paramsOf(request), key });
  const { action, content = {} } = readElicited(answer);
  if (action !== 'accept') return { action };
  if (!('schema' in request)) return { action, content: 'url' in request ? undefined : content };
  const validation = await validateArguments(request.schema, content);
  if (validation.issues === undefined) return { action, content: validation.value };
  throw new ToolError(`The user’s answer does not fit: ${describeIssues(validation.issues)}`);
}

function paramsOf(
  request: FormElicitation<Schema> | RawElicitation | UrlElicitation,
): Readonly<Record<string, unknown>> {
  const { message } = request;
  if ('url' in request) return { mode: 'url', message, url: request.url };
  const requestedSchema = 'schema' in request ? formOf(request.schema) : request.requestedSchema;
  return { mode: 'form', message, requestedSchema };
}

/** MCP 2025-11-25, Elicitation, "Requested Schema": a flat object, so that any client can display it. */
function formOf(schema: Schema): JsonSchema {
  const requestedSchema = inlined(objectSchemaOf(schema, 'input', 'elicitation', 'context.elicit()'));
  const form = ElicitRequestFormParamsSchema.safeParse({ message: '', requestedSchema });
  if (form.success) return requestedSchema;
  const fields = new Set(form.error.issues.map(({ path }) => path.slice(2).join('.')));
  throw new TypeError(
    `context.elicit() takes a flat object of strings, numbers, booleans and choices: see ${[...fields].join(', ')}`,
  );
}
