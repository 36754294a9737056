/** Loaded by `node --import` ahead of a built node: tools that write down each of their runs, in a file of the test. */
import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type * as Mcp from '../../../src/mcp/index.js';
import type * as Tools from '../../../src/tools/tools.module.js';

const dist = pathToFileURL(`${import.meta.dirname}/../../../dist/`).href;
await import('reflect-metadata');
const { Tool } = (await import(`${dist}mcp/index.js`)) as typeof Mcp;
const { ToolsModule } = (await import(`${dist}tools/tools.module.js`)) as typeof Tools;
const { z } = await import('zod');

const file = process.env['RUN_JOURNAL']!;
const node = process.env['NODE_NAME']!;

class JournalTool {
  async execute(
    { mark, ms = 0, steps = 0 }: { mark: string; ms?: number; steps?: number },
    context: Mcp.CallContext,
  ): Promise<string> {
    write('begin', mark);
    for (let step = 1; step <= steps; step += 1) {
      context.progress(step);
      await sleep(ms / steps);
    }
    if (steps === 0 && ms > 0) await sleep(ms);
    write('end', mark);
    return mark;
  }
}

function write(what: string, mark: string): void {
  appendFileSync(file, `${JSON.stringify({ what, mark, node })}\n`);
}

const input = z.object({ mark: z.string(), ms: z.number().optional(), steps: z.number().optional() });
Tool({ name: 'journal', description: 'Writes down that it ran.', input })(JournalTool);
const providers: unknown[] = Reflect.getMetadata('providers', ToolsModule);
Reflect.defineMetadata('providers', [...providers, JournalTool], ToolsModule);
