/**
 * Loaded by `node --import` before the server: adds a tool to its `ToolsModule`, as a team does. Bundled, like
 * the server: test/runner/servers.js.
 */
import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInThisContext } from 'node:vm';
import { z } from 'zod';
import { type CallContext, Tool } from '#built/mcp/index.js';
import { ToolsModule } from '#built/tools/tools.module.js';

class SlowTool {
  async execute({ seconds }: { seconds: number }): Promise<string> {
    await sleep(seconds * 1_000, undefined, { ref: false });
    return `after ${seconds} s`;
  }
}

/** A hostile message: line breaks, and control characters that change a terminal's text. */
const HOSTILE = 'a line\n{"event":"forged"}\r\u001b[31mred\u009b32mgreen\u2028\u202e';

const CAUSE = Object.assign(new Error(HOSTILE, { cause: new Error('the root of it') }), {
  password: 'canary-password',
});

const THROWN: readonly unknown[] = [
  new Error(HOSTILE, { cause: CAUSE }),
  HOSTILE,
  undefined,
  { message: HOSTILE },
  null,
  {},
];

class BreakingTool {
  execute({ seconds }: { seconds: number }): never {
    throw THROWN[seconds];
  }
}

class Unlisted {
  readonly orders: readonly string[] = [];
}

class NeedyTool extends SlowTool {}
Reflect.defineMetadata('design:paramtypes', [Unlisted], NeedyTool);

class FallingTool extends SlowTool {
  constructor() {
    super();
    const cause = Object.assign(new Error('a stone'), { password: 'canary-password' });
    throw Object.assign(new TypeError('it fell', { cause }), { password: 'canary-password' });
  }
}

/** Holds a resource that keeps the process alive, and never releases it. */
class HoldingTool {
  execute(): string {
    return 'held';
  }

  onModuleInit(): void {
    setInterval(() => undefined, 1_000);
  }

  onModuleDestroy(): never {
    throw new Error('it cannot be let go');
  }
}

/** Does not handle a rejected promise, or throws outside a call. */
class CarelessTool {
  execute({ seconds }: { seconds: number }): string {
    if (seconds === 0) void Promise.reject(new Error(HOSTILE));
    else setTimeout(() => fail(HOSTILE), 1_000 * seconds);
    return 'careless';
  }
}

function fail(message: string): never {
  throw new Error(message);
}

/** Asks the user, and does not keep its arguments meanwhile. */
class AskingTool {
  async execute(_input: unknown, context: CallContext): Promise<string> {
    const { action } = await context.elicit({ message: 'Go on?', schema: z.object({ yes: z.boolean() }) });
    return action;
  }
}

/** Needs settings that do not belong to the server. */
class SettledTool {
  constructor(private readonly config: ConfigService) {}

  execute(): string {
    const read = ['DATABASE_URL', 'JWT_SECRET'].flatMap((name): unknown[] => [
      this.config.get(name),
      process.env[name],
    ]);
    return JSON.stringify(read);
  }
}
Reflect.defineMetadata('design:paramtypes', [ConfigService], SettledTool);

/** Extends `String`, as `VerbatimString` of ioredis does. */
class ExtendingTool {
  readonly text = new (class Text extends String {})('text');
  private readonly before = hasFastStrings();

  execute(): string {
    return JSON.stringify([this.before, hasFastStrings()]);
  }
}

/** Whether V8 finds the methods of strings by their place, and not in a dictionary. */
function hasFastStrings(): unknown {
  setFlagsFromString('--allow-natives-syntax');
  return runInThisContext('%HasFastProperties(String.prototype)');
}

/** Decorated, and in no module. */
class ForgottenTool extends SlowTool {}
Tool({ name: 'forgotten', description: 'Of the tests.', input: z.object({ seconds: z.number() }) })(
  ForgottenTool,
);

/** Waits at the start for a database that is unavailable. */
class UnreachableTool extends SlowTool {
  async onModuleInit(): Promise<void> {
    const logger = new Logger('Database');
    logger.warn('no connection, attempt 1');
    const socket = setInterval(() => undefined, 1_000);
    await once(process, 'SIGUSR2');
    clearInterval(socket);
    logger.warn('no connection, attempt 2');
    throw new Error('the database is away');
  }
}

const TOOLS = {
  asking: { type: AskingTool, name: 'asking' },
  careless: { type: CarelessTool, name: 'careless' },
  extending: { type: ExtendingTool, name: 'extending' },
  holding: { type: HoldingTool, name: 'holding' },
  slow: { type: SlowTool, name: 'slow' },
  breaking: { type: BreakingTool, name: 'breaking' },
  misnamed: { type: SlowTool, name: 'no good' },
  needy: { type: NeedyTool, name: 'needy' },
  falling: { type: FallingTool, name: 'falling' },
  settled: { type: SettledTool, name: 'settled' },
  unreachable: { type: UnreachableTool, name: 'unreachable' },
};
const input = z.object({ seconds: z.number() });
const { type, name } = TOOLS[process.env['EXTRA_TOOL'] as keyof typeof TOOLS];

Tool({ name, description: 'Of the tests.', input })(type);
const providers: unknown[] = Reflect.getMetadata('providers', ToolsModule);
Reflect.defineMetadata('providers', [...providers, type], ToolsModule);
