import {
  type CanActivate,
  Global,
  Inject,
  Injectable,
  Module,
  type Provider,
  Scope,
  type Type,
  UseGuards,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { z } from 'zod';
import { type McpTool, type Schema, Tool, WiringError } from '../../src/mcp/index.js';
import { RawSession } from '../support/raw-session.js';
import { startApp } from '../support/test-app.js';

const description = 'Does not matter.';

class Answering implements McpTool {
  execute(): string {
    return 'answered';
  }
}

/** A tool class of this name, with these options. */
function toolClass(
  name: string,
  options: { name?: string; input?: Schema; output?: Schema; timeoutMs?: number; rateLimit?: string },
) {
  const made = { [name]: class extends Answering {} }[name]!;
  Tool({ name: 'fifth', description, ...options })(made);
  return made;
}

const validate: StandardSchemaV1.Props['validate'] = (value) => ({ value });
/** A schema that validates, and has no JSON Schema form. */
const bare = { '~standard': { version: 1, vendor: 'bare', validate } } as unknown as Schema;

async function refusal(providers: Provider[]): Promise<Error> {
  const started = await startApp({}, providers).catch((error: unknown) => error as Error);
  if (started instanceof Error) return started;
  await started.close();
  throw new Error('it started');
}

describe('a tool is refused at start, with a named error that says which class and how to mend it', () => {
  it('when another has its name', async () => {
    const error = await refusal([toolClass('OtherEcho', { name: 'echo' })]);
    expect(error).toBeInstanceOf(WiringError);
    expect(error.name).toBe('WiringError');
    expect(error.message).toMatch(
      /^Class (OtherEcho: .*taken by EchoTool|EchoTool: .*taken by OtherEcho); give one of them another$/,
    );
  });

  it('when it is provided twice', async () => {
    const Twice = toolClass('TwiceTool', {});
    @Module({ providers: [Twice] })
    class AlsoModule {}
    const started = startApp({}, [Twice], [AlsoModule]);
    await expect(started).rejects.toThrow(
      'Class TwiceTool: "fifth" is registered twice: list the class in the providers of one module only',
    );
  });

  it.each(['', 'two words', 'naïve', 'a/b', 'line\nbreak', 'nul\0', 'x'.repeat(129)])(
    'when its name is %j',
    async (name) => {
      const error = await refusal([toolClass('MisnamedTool', { name })]);
      expect(error).toBeInstanceOf(WiringError);
      expect(error.message).toBe(
        `Class MisnamedTool: the name ${JSON.stringify(name)} is not allowed; ` +
          'use 1 to 128 letters, digits, "_", "-" or "."',
      );
    },
  );

  it.each([
    [{ description: 'It has none.' }, 'its @Tool has no name; give it one'],
    [{ name: 'nameless' }, 'it has no description; add one, for models select tools by it'],
    [
      { name: 'misspelt', description, desciption: '' },
      'its @Tool has the unknown option "desciption"; there are annotations, description, icons,',
    ],
  ])('when its options are %j', async (options, message) => {
    const WrongTool = class WrongTool extends Answering {};
    Tool(options as never)(WrongTool);
    expect((await refusal([WrongTool])).message).toContain(`Class WrongTool: ${message}`);
  });

  it('when it cannot be executed', async () => {
    class IdleTool {
      run(): string {
        return 'under the wrong name';
      }
    }
    Tool({ name: 'fifth', description })(IdleTool as unknown as Type<McpTool>);
    const error = await refusal([IdleTool]);
    expect(error).toBeInstanceOf(WiringError);
    expect(error.message).toBe('Class IdleTool: it has no execute(); add one');
  });

  it.each([
    ['input', 'a date', { input: z.object({ when: z.date() }) }, /Date/],
    ['output', 'a bigint', { output: z.object({ total: z.bigint() }) }, /BigInt/],
    ['input', 'a library that makes no JSON Schema', { input: bare }, /./],
  ])('when its %s schema has no JSON Schema form: %s', async (side, _what, options, reason) => {
    const { name, message } = await refusal([toolClass('SchemaTool', options)]);
    expect(name).toBe('WiringError');
    expect(message).toMatch(new RegExp(`^Class SchemaTool: its ${side} schema has no JSON Schema form`));
    expect(message).toMatch(reason);
    // How to mend it, and no accident of this program.
    expect(message).toMatch(/; (use|give|replace|describe) /);
    expect(message).not.toMatch(/undefined|cannot read/i);
  });

  it.each([
    ['input', { input: z.string() }],
    ['input', { input: z.array(z.string()) }],
  ])('when its %s schema does not describe an object', async (side, options) => {
    const { message } = await refusal([toolClass('FlatTool', options)]);
    expect(message).toBe(
      `Class FlatTool: its ${side} schema must describe an object, such as z.object({ … })`,
    );
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('when its timeoutMs is %d', async (timeoutMs) => {
    const { message } = await refusal([toolClass('TimelessTool', { timeoutMs })]);
    expect(message).toBe('Class TimelessTool: timeoutMs must be between 1 and 2147483647 milliseconds');
  });

  it.each(['', 'off', '10', '10/m', '0/1m', '10/0s', '10 / 1m'])(
    'when its rateLimit is %j',
    async (rateLimit) => {
      const error = await refusal([toolClass('LimitlessTool', { rateLimit })]);
      expect(error).toBeInstanceOf(WiringError);
      expect(error.message).toBe(
        'Class LimitlessTool: rateLimit must be a count and a period such as 600/1m, up to 1000000 in 1s to 1d; leave it out for none',
      );
    },
  );

  it('when it cannot be executed, also where it is made for each call only', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class PerRequest {}
    class ScopedTool {
      constructor(readonly dependency: PerRequest) {}
    }
    Tool({ name: 'fifth', description })(ScopedTool as unknown as Type<McpTool>);
    Inject(PerRequest)(ScopedTool, undefined, 0);
    const error = await refusal([PerRequest, ScopedTool]);
    expect(error).toBeInstanceOf(WiringError);
    expect(error.message).toBe('Class ScopedTool: it has no execute(); add one');
  });

  it('when its guard is nowhere to be found', async () => {
    @Injectable()
    class LostGuard implements CanActivate {
      constructor(readonly dependency: Reflector) {}

      canActivate(): boolean {
        return true;
      }
    }
    const Guarded = toolClass('GuardedTool', {});
    UseGuards(LostGuard)(Guarded);
    const error = await refusal([{ provide: 'made', useFactory: () => new Guarded() }]);
    expect(error).toBeInstanceOf(WiringError);
    expect(error.message).toBe(
      'Class GuardedTool: Nest does not know its LostGuard; list LostGuard among the providers of a module',
    );
  });
});

/** How often the fifth tool is listed in an application of these parts; it must answer, too. */
async function timesListed(providers: Provider[], imports: Type<unknown>[] = []): Promise<number> {
  const app = await startApp({}, providers, imports);
  const session = await RawSession.open(app.url, await app.token());
  const { result } = await session.request(1, 'tools/list');
  const reply = await session.request(2, 'tools/call', { name: 'fifth' });
  session.close();
  await app.close();
  expect(reply.result).toEqual({ content: [{ type: 'text', text: 'answered' }] });
  return (result as { tools: { name: string }[] }).tools.filter(({ name }) => name === 'fifth').length;
}

describe('a tool is found', () => {
  it('in a module two imports deep', async () => {
    @Module({ providers: [toolClass('DeepTool', {})] })
    class DeepModule {}
    @Module({ imports: [DeepModule] })
    class MiddleModule {}
    expect(await timesListed([], [MiddleModule])).toBe(1);
  });

  it('once, in a module that several others import', async () => {
    const Shared = toolClass('SharedTool', {});
    @Global()
    @Module({ providers: [Shared], exports: [Shared] })
    class SharedModule {}
    @Module({ imports: [SharedModule] })
    class OneModule {}
    @Module({ imports: [SharedModule] })
    class OtherModule {}
    expect(await timesListed([], [OneModule, OtherModule])).toBe(1);
  });

  it('under another token, and once under an alias', async () => {
    const Aliased = toolClass('AliasedTool', {});
    const providers = [
      { provide: 'fifth-tool', useClass: Aliased },
      { provide: 'alias', useExisting: 'fifth-tool' },
    ];
    expect(await timesListed(providers)).toBe(1);
  });

  it('once, as one instance under two tokens', async () => {
    const Shared = toolClass('SharedInstanceTool', {});
    const useValue = new Shared();
    const providers = [
      { provide: 'one', useValue },
      { provide: 'other', useValue },
    ];
    expect(await timesListed(providers)).toBe(1);
  });

  it('with the longest name that is allowed', async () => {
    const name = `${'a'.repeat(123)}_-.Z9`;
    const app = await startApp({}, [toolClass('LongTool', { name })]);
    const session = await RawSession.open(app.url, await app.token());
    const reply = await session.request(1, 'tools/call', { name });
    session.close();
    await app.close();
    expect(reply.result).toBeDefined();
  });
});
