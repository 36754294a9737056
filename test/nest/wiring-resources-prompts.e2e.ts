import { Module, type Provider, type Type } from '@nestjs/common';
import { z } from 'zod';
import {
  type McpPrompt,
  type McpResource,
  Prompt,
  PromptRegistry,
  Resource,
  type ResourceOptions,
  ResourceRegistry,
  WiringError,
} from '../../src/mcp/index.js';
import { startApp } from '../support/test-app.js';

class Reading implements McpResource {
  read(): string {
    return 'read';
  }
}

class Rendering implements McpPrompt {
  render(): string {
    return 'rendered';
  }
}

/** A resource class of this name, with these options. */
function resourceClass(name: string, options: object): Type<McpResource> {
  const made = { [name]: class extends Reading {} }[name]!;
  Resource({ name: 'fifth', ...options } as ResourceOptions)(made);
  return made;
}

function promptClass(name: string, options: object): Type<McpPrompt> {
  const made = { [name]: class extends Rendering {} }[name]!;
  Prompt({ name: 'fifth', ...options })(made);
  return made;
}

async function refusal(...providers: Provider[]): Promise<Error> {
  const started = await startApp({}, providers).catch((error: unknown) => error as Error);
  if (started instanceof Error) return started;
  await started.close();
  throw new Error('it started');
}

describe('a resource is refused at start, with a named error that says which class and how to mend it', () => {
  it.each([
    [
      'a URI without a scheme',
      { uri: 'app/settings' },
      /^the uri "app\/settings" is not an absolute URI; begin it with a scheme, as in "config:\/\/app"/,
    ],
    [
      'a URI with a space',
      { uri: 'app://two words' },
      /^the uri "app:\/\/two words" is not an absolute URI; .*percent-encode/,
    ],
    ['an empty URI', { uri: '' }, /^the uri "" is not an absolute URI; begin it with a scheme/],
    [
      'a template as a URI',
      { uri: 'app://{id}' },
      /^the uri "app:\/\/\{id\}" is not an absolute URI; give it as "uriTemplate"$/,
    ],
    [
      'a URI that is too long',
      { uri: `app://${'x'.repeat(2_048)}` },
      /^its uri has more than 2048 characters; shorten it$/,
    ],
    [
      'a template that is not closed',
      { uriTemplate: 'app://{id' },
      /^the uriTemplate "app:\/\/\{id" cannot be used: a brace is not closed or not opened$/,
    ],
    [
      'a template of level 4',
      { uriTemplate: 'app://{id*}' },
      /^the uriTemplate "app:\/\/\{id\*\}" cannot be used: \{id\*\} is of level 4; leave "\*" and ":" out$/,
    ],
    [
      'a URI as a template',
      { uriTemplate: 'app://id' },
      /cannot be used: it has no variable; give it as "uri" instead$/,
    ],
    ['neither', {}, /^it needs either "uri" or "uriTemplate", and not both$/],
    [
      'both',
      { uri: 'app://a', uriTemplate: 'app://{id}' },
      /^it needs either "uri" or "uriTemplate", and not both$/,
    ],
    ['no name', { name: '', uri: 'app://a' }, /^its name is empty; give it one$/],
    [
      'no time',
      { uri: 'app://a', timeoutMs: 0 },
      /^timeoutMs must be between 1 and 2147483647 milliseconds$/,
    ],
    [
      'less than no ttlMs',
      { uri: 'app://a', ttlMs: -1 },
      /^ttlMs must be a whole number of milliseconds, 0 or more$/,
    ],
    ['half a byte', { uri: 'app://a', size: 0.5 }, /^size must be a whole number of bytes, 0 or more$/],
  ])('when it has %s', async (_what, options, problem) => {
    const error = await refusal(resourceClass('OddResource', options));
    expect(error).toBeInstanceOf(WiringError);
    expect(error.message).toMatch(/^Class OddResource: /);
    expect(error.message.replace('Class OddResource: ', '')).toMatch(problem);
  });

  it.each([
    ['URI', { uri: 'app://a' }, 'app://a'],
    ['template', { uriTemplate: 'app://{id}' }, 'app://{id}'],
  ])('when another has its %s', async (_what, options, key) => {
    const error = await refusal(
      resourceClass('OneResource', options),
      resourceClass('OtherResource', options),
    );
    expect(error).toBeInstanceOf(WiringError);
    expect(error.message).toBe(
      `Class OtherResource: "${key}" is registered twice: it is taken by OneResource; give one of them another`,
    );
  });

  it('when it cannot be read', async () => {
    class IdleResource {
      run(): string {
        return 'under the wrong name';
      }
    }
    Resource({ name: 'idle', uri: 'app://idle' })(IdleResource as unknown as Type<McpResource>);
    const error = await refusal(IdleResource);
    expect(error).toBeInstanceOf(WiringError);
    expect(error.message).toBe('Class IdleResource: it has no read(); add one');
  });
});

describe('a prompt is refused at start, with a named error that says which class and how to mend it', () => {
  const NAME = ' is not allowed; use 1 to 128 characters, none of them a control character';
  it.each([
    ['no name', { name: '' }, `the name ""${NAME}`],
    ['a line break in its name', { name: 'two\nlines' }, `the name "two\\nlines"${NAME}`],
    ['a hidden character in its name', { name: 'a\u202eb' }, `the name "a\u202eb"${NAME}`],
    ['a name that is too long', { name: 'x'.repeat(129) }, `the name "${'x'.repeat(129)}"${NAME}`],
    [
      'an argument that takes no string',
      { args: z.object({ count: z.int() }) },
      'the argument "count" takes no string, and clients send nothing else; ' +
        'use z.string(), with .transform() for what it is to become',
    ],
    [
      'arguments that are no object',
      { args: z.string() },
      'its args schema must describe an object, such as z.object({ … })',
    ],
    ['no time', { timeoutMs: -5 }, 'timeoutMs must be between 1 and 2147483647 milliseconds'],
  ])('when it has %s', async (_what, options, problem) => {
    const error = await refusal(promptClass('OddPrompt', options));
    expect(error).toBeInstanceOf(WiringError);
    expect(error.message).toBe(`Class OddPrompt: ${problem}`);
  });

  it('when another has its name', async () => {
    const error = await refusal(promptClass('OnePrompt', {}), promptClass('OtherPrompt', {}));
    expect(error).toBeInstanceOf(WiringError);
    expect(error.message).toBe(
      'Class OtherPrompt: "fifth" is registered twice: it is taken by OnePrompt; give one of them another',
    );
  });

  it('when it cannot be rendered', async () => {
    class IdlePrompt {
      run(): string {
        return 'under the wrong name';
      }
    }
    Prompt({ name: 'idle' })(IdlePrompt as unknown as Type<McpPrompt>);
    expect((await refusal(IdlePrompt)).message).toBe('Class IdlePrompt: it has no render(); add one');
  });
});

describe('resources and prompts', () => {
  it('are found in a module two imports deep, and may share a name', async () => {
    @Module({
      providers: [resourceClass('DeepResource', { uri: 'app://deep' }), promptClass('DeepPrompt', {})],
    })
    class DeepModule {}
    @Module({ imports: [DeepModule] })
    class MiddleModule {}
    const started = await startApp({}, [], [MiddleModule]);
    expect(started.app.get(ResourceRegistry).size).toBe(1);
    expect(started.app.get(PromptRegistry).size).toBe(1);
    await started.close();
  });

  it('are refused at run time as at start, and then leave no trace', async () => {
    const started = await startApp();
    const [resources, prompts] = [started.app.get(ResourceRegistry), started.app.get(PromptRegistry)];
    expect(() => resources.add({ name: 'x', uri: 'x' }, new Reading())).toThrow(WiringError);
    expect(() => resources.add({ name: 'x', uri: 'x:y' }, {} as McpResource)).toThrow('it has no read()');
    expect(() => prompts.add({ name: '' }, new Rendering())).toThrow(WiringError);
    expect(() => prompts.add({ name: 'x' }, {} as McpPrompt)).toThrow('it has no render()');
    expect([resources.size, prompts.size]).toEqual([0, 0]);
    await started.close();
  });
});
