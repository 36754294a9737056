/**
 * Loaded by `node --import` before the stdio server: tools that are slow, change the catalogue, and write to standard
 * output. Bundled, like the server: test/runner/servers.js.
 */
import 'reflect-metadata';
import { ModuleRef } from '@nestjs/core';
import { Inject } from '@nestjs/common';
import { writeSync } from 'node:fs';
import { stdout } from 'node:process';
import { z } from 'zod';
import { type CallContext, Tool, ToolRegistry } from '#built/mcp/index.js';
import { ToolsModule } from '#built/tools/tools.module.js';

/** Reports its start, and then the reason of its signal; a timer keeps the process alive. */
class SlowTool {
  async execute({ ms }: { ms: number }, context: CallContext): Promise<string> {
    context.progress(1, { total: 2, message: 'begun' });
    const { promise, resolve } = Promise.withResolvers<void>();
    context.signal.addEventListener('abort', () => writeSync(2, 'slow: its signal has fired\n'));
    setTimeout(resolve, ms);
    await promise;
    return `after ${ms} ms`;
  }
}

class NoisyTool {
  execute(): string {
    // oxlint-disable-next-line no-console -- this test is about the console
    console.log('noise of console.log');
    process.stdout.write('noise of process.stdout\n');
    stdout.write('noise of an import\n');
    return 'done';
  }
}

class GrowTool {
  constructor(private readonly modules: ModuleRef) {}

  execute({ name }: { name: string }): string {
    const registry = this.modules.get(ToolRegistry, { strict: false });
    registry.add({ name, description: name }, { execute: () => name });
    return `added ${name}`;
  }
}
Inject(ModuleRef)(GrowTool, undefined, 0);

class GuardedTool {
  execute(_input: Record<string, never>, { user }: CallContext): string {
    return JSON.stringify(user.scopes);
  }
}

class WhoAmITool {
  execute(_input: Record<string, never>, { user, session }: CallContext): string {
    const { subject, issuer, clientId, roles } = user;
    return JSON.stringify({ subject, issuer, clientId, roles, session: typeof session.id });
  }
}

const description = 'Of the tests.';
Tool({ name: 'slow', description, input: z.object({ ms: z.number() }) })(SlowTool);
Tool({ name: 'noisy', description })(NoisyTool);
Tool({ name: 'grow', description, input: z.object({ name: z.string() }) })(GrowTool);
Tool({ name: 'guarded', description, scopes: ['orders:write'], stepUp: true })(GuardedTool);
Tool({ name: 'who-am-i', description })(WhoAmITool);
const types = [SlowTool, NoisyTool, GrowTool, GuardedTool, WhoAmITool];
const providers: unknown[] = Reflect.getMetadata('providers', ToolsModule);
Reflect.defineMetadata('providers', [...providers, ...types], ToolsModule);
