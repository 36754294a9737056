import { Inject, Injectable } from '@nestjs/common';
import type { RegisteredTool } from '../catalog/registered-tool.js';
import { linearAjv } from '../decorators/linear-ajv.js';
import { MCP_OPTIONS, type McpModuleOptions } from '../mcp.options.js';
import type { Result } from './operation.js';

type Verdict = (value: unknown) => string | undefined;

/**
 * Validates a tool's result against its listed output schema, as clients do: they would discard a result that fits only
 * the tool's own schema. Off in production: it helps authors of tools.
 */
@Injectable()
export class ResultCheck {
  private readonly verdicts = new WeakMap<object, Verdict>();
  /** Shared: listed schemas have no `$id` that could collide. */
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
      `the tool returned what clients refuse, for the listed output schema does not describe it: ${problem}`,
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
      // The value that a client receives.
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
