import { Inject, Injectable } from '@nestjs/common';
import type { RegisteredTool } from '../catalog/registered-tool.js';
import { linearAjv } from '../decorators/linear-ajv.js';
import { MCP_OPTIONS, type McpModuleOptions } from '../mcp.options.js';
import type { Result } from './operation.js';

type Verdict = (value: unknown) => string | undefined;

/**
 * Checks a tool's result against the output schema that its list entry has, as clients do. What passes the tool's
 * own schema and not the listed one would be thrown away by them. Off in production: it is for those who write tools.
 */
@Injectable()
export class ResultCheck {
  private readonly verdicts = new WeakMap<object, Verdict>();
  /** One for all: what is listed has no `$id` by which two could meet. */
  private ajv: ReturnType<typeof linearAjv> | undefined;

  constructor(@Inject(MCP_OPTIONS) private readonly options: Pick<McpModuleOptions, 'checkResults'>) {}

  /** Throws {@link TypeError}, which names the place in the result. */
  assertListed(tool: RegisteredTool, result: Result, modern: boolean): void {
    if (this.options.checkResults !== true || tool.output === undefined || result['isError'] === true) return;
    const problem = this.verdictOf(modern ? tool.modernDefinition : tool.definition)(
      result['structuredContent'],
    );
    if (problem === undefined) return;
    throw new TypeError(
      `execute() returned what clients refuse, for the listed output schema does not describe it: ${problem}`,
    );
  }

  private verdictOf(definition: object): Verdict {
    const known = this.verdicts.get(definition);
    if (known !== undefined) return known;
    const { outputSchema } = definition as { readonly outputSchema: object };
    this.ajv ??= linearAjv(false);
    const validate = this.ajv.compile(outputSchema);
    this.ajv.removeSchema(outputSchema);
    const verdict: Verdict = (value) => {
      // As a client gets it.
      const received: unknown = JSON.parse(JSON.stringify(value));
      if (validate(received)) return undefined;
      const [error] = validate.errors ?? [];
      const place = (error?.instancePath ?? '').slice(1).replaceAll('/', '.') || '(result)';
      return `${place}: ${error?.message ?? 'is not valid'}`;
    };
    this.verdicts.set(definition, verdict);
    return verdict;
  }
}
