import { Controller, Get, Injectable, Module, type Provider, Scope, type Type } from '@nestjs/common';
import { LazyModuleLoader } from '@nestjs/core';
import { type McpTool, Prompt, Resource, Tool, WiringError } from '../../src/mcp/index.js';
import { EchoTool } from '../../src/tools/echo.tool.js';
import { type EraClient, ERAS } from '../support/eras/index.js';
import { RecordedLogs } from '../support/recorded-logs.js';
import { startApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

const description = 'Does not matter.';

class Answering implements McpTool {
  execute(): string {
    return this.constructor.name;
  }

  read(): string {
    return this.constructor.name;
  }

  render(): string {
    return this.constructor.name;
  }
}

/** A class that is a tool, a resource and a prompt of this name. */
function decorated(name: string): Type<Answering> {
  const made = { [`Base${name}`]: class extends Answering {} }[`Base${name}`]!;
  Tool({ name, description })(made);
  Resource({ name, uri: `app://${name}` })(made);
  Prompt({ name })(made);
  return made;
}

function heirOf(base: Type<Answering>): Type<Answering> {
  return { [`Heir${base.name}`]: class extends base {} }[`Heir${base.name}`]!;
}

/** Ways to provide a class, with the class that is to answer. */
const WAYS: Record<string, (base: Type<Answering>) => { providers: Provider[]; answers: string }> = {
  subclass: (base) => ({ providers: [heirOf(base)], answers: `Heir${base.name}` }),
  'use-class': (base) => ({
    providers: [{ provide: base, useClass: heirOf(base) }],
    answers: `Heir${base.name}`,
  }),
  'use-class-under-a-name': (base) => ({
    providers: [{ provide: 'heir', useClass: heirOf(base) }],
    answers: `Heir${base.name}`,
  }),
  'use-class-per-call': (base) => ({
    providers: [{ provide: base, useClass: heirOf(base), scope: Scope.REQUEST }],
    answers: `Heir${base.name}`,
  }),
  'use-value': (base) => ({ providers: [{ provide: base, useValue: new base() }], answers: base.name }),
  'use-value-of-a-subclass': (base) => {
    const useValue = new (heirOf(base))();
    return { providers: [{ provide: 'value', useValue }], answers: `Heir${base.name}` };
  },
  'use-factory': (base) => ({
    providers: [{ provide: 'made', useFactory: async () => new (heirOf(base))() }],
    answers: `Heir${base.name}`,
  }),
  'handed-on': (base) => ({
    providers: [{ provide: 'again', inject: [base], useFactory: (made: Answering) => made }, base],
    answers: base.name,
  }),
  alias: (base) => ({ providers: [{ provide: 'alias', useExisting: base }, base], answers: base.name }),
  'alias-per-call': (base) => {
    Injectable({ scope: Scope.REQUEST })(base);
    return { providers: [{ provide: 'alias', useExisting: base }, base], answers: base.name };
  },
};

const found = Object.entries(WAYS).map(([name, provide]) => ({ name, ...provide(decorated(name)) }));
const modules = found.map(({ providers }) => {
  @Module({ providers })
  class OneModule {}
  return OneModule;
});

@Module({ providers: [decorated('shared')] })
class SharedModule {}
@Module({ imports: [SharedModule], providers: [heirOf(decorated('lazy'))] })
class LazyModule {}
@Module({ imports: [SharedModule], providers: [decorated('second')] })
class SecondModule {}

let app: TestApp;
beforeAll(async () => {
  app = await startApp({}, [], modules);
});
afterAll(() => app.close());

interface Lists {
  tools: string[];
  resources: string[];
  prompts: string[];
}

let serial = 0;

async function listsOf(client: EraClient): Promise<Lists> {
  const names = async (list: keyof Lists): Promise<string[]> => {
    const { result } = await client.request(`list ${(serial += 1)}`, `${list}/list`);
    return (result![list] as { name: string }[]).map(({ name }) => name);
  };
  return {
    tools: await names('tools'),
    resources: await names('resources'),
    prompts: await names('prompts'),
  };
}

async function answersOf(client: EraClient, name: string): Promise<string[]> {
  const replies = [
    await client.request(`use ${(serial += 1)}`, 'tools/call', { name }),
    await client.request(`use ${(serial += 1)}`, 'resources/read', { uri: `app://${name}` }),
    await client.request(`use ${(serial += 1)}`, 'prompts/get', { name }),
  ];
  return replies.map(
    (reply) => /"text":"(\w[\w-]*)"/.exec(JSON.stringify(reply))?.[1] ?? JSON.stringify(reply),
  );
}

describe.each(ERAS)('$name: a provider is found, and once', ({ connect }) => {
  let client: EraClient;
  beforeAll(async () => {
    client = await connect(app.url, await app.token());
  });
  afterAll(() => client.close());

  it.each(found)('by $name', async ({ name, answers }) => {
    const { tools, resources, prompts } = await listsOf(client);
    for (const list of [tools, resources, prompts])
      expect(list.filter((one) => one === name)).toEqual([name]);
    expect(await answersOf(client, name)).toEqual([answers, answers, answers]);
  });
});

it('what a module that is loaded later brings is found, and clients are told', async () => {
  const later = await startApp();
  const client = await ERAS[0]!.connect(later.url, await later.token());
  expect((await listsOf(client)).tools).not.toContain('lazy');
  const loader = later.app.get(LazyModuleLoader);
  const load = (module: Type) => loader.load(() => module);
  await Promise.all([load(LazyModule), load(LazyModule), load(SecondModule)]);
  const { tools, resources, prompts } = await listsOf(client);
  for (const list of [tools, resources, prompts]) {
    expect(list.filter((name) => ['lazy', 'second', 'shared'].includes(name))).toEqual([
      'lazy',
      'second',
      'shared',
    ]);
  }
  expect(await answersOf(client, 'lazy')).toEqual(Array(3).fill('HeirBaselazy'));
  const told = (list: string): boolean =>
    client.notices.some(({ method }) => method === `notifications/${list}/list_changed`);
  await until(() => ['tools', 'resources', 'prompts'].every(told));

  @Module({ providers: [{ provide: 'other', useClass: class Impostor extends decorated('lazy') {} }] })
  class WrongModule {}
  await expect(load(WrongModule)).rejects.toThrow(/Class Impostor: "lazy" is registered twice/);
  client.close();
  await later.close();
});

async function refusal(providers: Provider[], imports: Type<unknown>[] = []): Promise<unknown> {
  const started = await startApp({}, providers, imports).catch((error: unknown) => error);
  if (started instanceof Error) return started;
  await (started as TestApp).close();
  throw new Error('it started');
}

describe('what is not found is named', () => {
  it.each([
    ['a class and one that extends it', (base: Type<Answering>) => [base, heirOf(base)]],
    ['the same in the other order', (base: Type<Answering>) => [heirOf(base), base]],
  ])('at the start: %s', async (_what, provide) => {
    const base = decorated('twice');
    const error = await refusal(provide(base));
    expect(error).toBeInstanceOf(WiringError);
    expect((error as Error).message).toBe(
      'Class HeirBasetwice: it inherits the @Tool of Basetwice, by which Basetwice is registered as well; ' +
        'give it a @Tool of its own, or provide only one of them',
    );
  });

  it('at the start: a class that is listed as a controller', async () => {
    @Controller('misplaced')
    @Tool({ name: 'misplaced', description })
    class MisplacedTool extends Answering {
      @Get()
      get(): string {
        return 'page';
      }
    }
    @Module({ controllers: [MisplacedTool] })
    class PagesModule {}
    const error = await refusal([], [PagesModule]);
    expect(error).toBeInstanceOf(WiringError);
    expect((error as Error).message).toBe(
      'Class MisplacedTool: it has @Tool and is listed among the controllers of PagesModule; list it among the providers',
    );
    const both = await startApp({}, [MisplacedTool], [PagesModule]);
    await both.close();
  });

  it.each([
    ['an undecorated class', { useClass: Answering }, 'an object of class Answering, without it'],
    ['a value', { useValue: { execute: () => 'mock' } }, 'an object of class Object, without it'],
    [
      'a factory that runs for each call',
      { useFactory: () => new EchoTool(), scope: Scope.REQUEST },
      'a value that is not known at the start',
    ],
  ])('in the log: %s in the place of a tool', async (_what, provider, given) => {
    const StandInTool = decorated('stand-in');
    const standIn = await startApp();
    const logs = RecordedLogs.of(standIn);
    @Module({ providers: [{ provide: StandInTool, ...provider } as Provider] })
    class StandInModule {}
    await standIn.app.get(LazyModuleLoader).load(() => StandInModule);
    expect(logs.events('wiring.not_registered')[0]).toEqual({
      event: 'wiring.not_registered',
      class: 'Basestand-in',
      reason: `Basestand-in has @Tool, and its provider gives ${given}; provide a decorated class`,
    });
    await standIn.close();
  });
});
