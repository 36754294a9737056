/**
 * Loaded by `node --import` ahead of a built node: tools that write down each of their runs, in a file of the test, and
 * that change what the node has.
 */
import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type * as Nest from '@nestjs/core';
import type * as Mcp from '../../../src/mcp/index.js';
import type * as Tools from '../../../src/tools/tools.module.js';
import type { Run } from './history.js';

const dist = pathToFileURL(`${import.meta.dirname}/../../../dist/`).href;
await import('reflect-metadata');
const { Resource, ResourceRegistry, SessionService, Tool, ToolRegistry } = (await import(
  `${dist}mcp/index.js`
)) as typeof Mcp;
const { ToolsModule } = (await import(`${dist}tools/tools.module.js`)) as typeof Tools;
const { ModuleRef } = await import('@nestjs/core');
const { z } = await import('zod');

const file = process.env['RUN_JOURNAL']!;
const node = process.env['NODE_NAME']!;

interface Work {
  readonly mark: string;
  /** How long it runs; milliseconds. */
  readonly ms?: number;
  /** How many steps it reports meanwhile. */
  readonly steps?: number;
  /** It asks its client, and waits for the answer. */
  readonly asks?: boolean;
}

class JournalTool {
  async execute(work: Work, context: Mcp.CallContext): Promise<string> {
    const { mark, asks = false } = work;
    write('begin', mark);
    try {
      if (asks) await this.ask(mark, context);
      await this.run(work, context);
    } catch (error) {
      if (context.signal.aborted) write('aborted', mark);
      throw error;
    }
    write('end', mark);
    return mark;
  }

  private async ask(mark: string, context: Mcp.CallContext): Promise<void> {
    await context.elicit({ message: 'Go on?', schema: z.object({}) });
    write('answered', mark);
  }

  private async run({ ms = 0, steps = 0 }: Work, context: Mcp.CallContext): Promise<void> {
    const { signal } = context;
    for (let step = 1; step <= steps; step += 1) {
      context.progress(step);
      await sleep(ms / steps, undefined, { signal });
    }
    if (steps === 0 && ms > 0) await sleep(ms, undefined, { signal });
  }
}

/** May be called once an hour. */
class ScarceTool extends JournalTool {}

/** Changes the list of tools, for a moment, or one of the resources. */
class ChangeTool {
  private readonly module: Nest.ModuleRef;

  constructor(module: Nest.ModuleRef) {
    this.module = module;
  }

  execute({ uri }: { uri?: string }): string {
    if (uri !== undefined) this.module.get(ResourceRegistry, { strict: false }).updated(uri);
    else {
      const tools = this.module.get(ToolRegistry, { strict: false });
      tools.add({ name: 'passing', description: 'Is removed at once.' }, { execute: () => '' });
      // Both are one change. Afterwards all nodes have the same lists again.
      tools.remove('passing');
    }
    return 'changed';
  }
}

/** Ends what has expired on this node at a later time, as its timer does. */
class ExpireTool {
  private readonly module: Nest.ModuleRef;

  constructor(module: Nest.ModuleRef) {
    this.module = module;
  }

  execute({ inMs }: { inMs: number }): string {
    this.module.get(SessionService, { strict: false }).closeExpired(Date.now() + inMs);
    return 'expired';
  }
}

class LeftResource {
  read(): string {
    return 'left';
  }
}

class RightResource {
  read(): string {
    return 'right';
  }
}

function write(what: Run['what'], mark: string): void {
  appendFileSync(file, `${JSON.stringify({ what, mark, node })}\n`);
}

const input = z.object({
  mark: z.string(),
  ms: z.number().optional(),
  steps: z.number().optional(),
  asks: z.boolean().optional(),
});
const description = 'Writes down that it ran.';
Tool({ name: 'journal', description, input })(JournalTool);
Tool({ name: 'scarce', description, input, rateLimit: '1/1h' })(ScarceTool);
Tool({ name: 'change', description: 'Changes.', input: z.object({ uri: z.string().optional() }) })(
  ChangeTool,
);
Tool({ name: 'expire', description: 'Expires.', input: z.object({ inMs: z.number() }) })(ExpireTool);
Resource({ name: 'left', uri: 'journal://left' })(LeftResource);
Resource({ name: 'right', uri: 'journal://right' })(RightResource);
for (const type of [ChangeTool, ExpireTool]) Reflect.defineMetadata('design:paramtypes', [ModuleRef], type);
const providers: unknown[] = Reflect.getMetadata('providers', ToolsModule);
const own = [JournalTool, ScarceTool, ChangeTool, ExpireTool, LeftResource, RightResource];
Reflect.defineMetadata('providers', [...providers, ...own], ToolsModule);
