import { z } from 'zod';
import {
  type CallContext,
  type Completion,
  type CompletionRequest,
  type McpPrompt,
  type McpResource,
  Prompt,
  Resource,
  ToolError,
} from '../../src/mcp/index.js';
import { RecordedLogs } from '../support/recorded-logs.js';
import { type Refusal, refusalOf, SDK_CLIENTS, type SdkClient } from '../support/sdk-clients.js';
import { startApp, type TestApp } from '../support/test-app.js';

const CITIES = { FR: ['Lyon', 'Lille', 'Paris'], DE: ['Leipzig', 'Berlin'] } as const;
const MANY = Array.from({ length: 250 }, (_, index) => `n${index}`);

const args = z.object({ country: z.string().optional(), city: z.string() });

@Prompt({ name: 'travel', args })
class TravelPrompt implements McpPrompt<typeof args> {
  render(): string {
    return 'Bon voyage.';
  }

  complete({ name, value, others }: CompletionRequest, { user }: CallContext): Completion {
    if (name === 'country') return [user.subject];
    const cities = CITIES[others['country'] as keyof typeof CITIES] ?? Object.values(CITIES).flat();
    return cities.filter((city) => city.startsWith(value));
  }
}

/** What `complete` does is what has been typed. */
@Resource({ name: 'any', uriTemplate: 'any://{kind}{?page}', timeoutMs: 30 })
class AnyResource implements McpResource {
  read(): string {
    return '';
  }

  complete({ name, value }: CompletionRequest): Completion | Promise<Completion> {
    if (name === 'page') return ['page'];
    if (value === 'many') return MANY;
    if (value === 'told') return { values: ['a'], total: 7 };
    if (value === 'open') return { values: ['a'], hasMore: true };
    if (value === 'later') return Promise.resolve(['later']);
    if (value === 'never') return new Promise(() => {});
    if (value === 'refused') throw new ToolError('no');
    if (value === 'broken') throw new Error('hunter2');
    return { values: [5] } as unknown as Completion;
  }
}

@Prompt({ name: 'plain', args })
class PlainPrompt implements McpPrompt<typeof args> {
  render(): string {
    return 'plain';
  }
}

@Resource({ name: 'fixed', uri: 'app://fixed' })
class FixedResource implements McpResource {
  read(): string {
    return '';
  }
}

@Prompt({ name: 'hidden', args, scopes: ['mcp:admin'] })
class HiddenPrompt extends TravelPrompt {}

@Resource({ name: 'vault', uriTemplate: 'vault://{kind}', scopes: ['mcp:admin'] })
class VaultResource extends AnyResource {}

const PROVIDERS = [TravelPrompt, AnyResource, PlainPrompt, FixedResource, HiddenPrompt, VaultResource];

let app: TestApp;
let logs: RecordedLogs;
beforeAll(async () => {
  app = await startApp({}, PROVIDERS);
  logs = RecordedLogs.of(app);
});
afterAll(() => app.close());

type Ref = { type: 'ref/prompt'; name: string } | { type: 'ref/resource'; uri: string };
const prompt = (name: string): Ref => ({ type: 'ref/prompt', name });
const resource = (uri: string): Ref => ({ type: 'ref/resource', uri });

describe.each(SDK_CLIENTS)('completion, $name', ({ connect }) => {
  let client: SdkClient;
  beforeAll(async () => {
    client = await connect(app.url, await app.token('alice'));
  });
  afterAll(() => client.close());

  const complete = async (ref: Ref, name: string, value: string, others?: Record<string, string>) => {
    const context = others && { arguments: others };
    return (await client.complete({ ref, argument: { name, value }, context })).completion;
  };
  const refusal = (ref: Ref): Promise<Refusal> => refusalOf(complete(ref, 'kind', ''));

  it('suggests values of a prompt’s argument, for what is typed and settled', async () => {
    expect(await complete(prompt('travel'), 'city', 'L')).toEqual({
      values: ['Lyon', 'Lille', 'Leipzig'],
      total: 3,
      hasMore: false,
    });
    expect(await complete(prompt('travel'), 'city', 'L', { country: 'DE' })).toMatchObject({
      values: ['Leipzig'],
    });
    expect(await complete(prompt('travel'), 'country', '')).toMatchObject({ values: ['alice'] });
  });

  it('suggests values of a template’s variable', async () => {
    const template = resource('any://{kind}{?page}');
    expect(await complete(template, 'kind', 'later')).toMatchObject({ values: ['later'] });
    expect(await complete(template, 'page', '')).toMatchObject({ values: ['page'] });
  });

  it('sends 100 at most, and says how many there are', async () => {
    const template = resource('any://{kind}{?page}');
    const values = MANY.slice(0, 100);
    expect(await complete(template, 'kind', 'many')).toEqual({ values, total: 250, hasMore: true });
    expect(await complete(template, 'kind', 'told')).toEqual({ values: ['a'], total: 7, hasMore: true });
    expect(await complete(template, 'kind', 'open')).toEqual({ values: ['a'], hasMore: true });
  });

  it.each([
    ['without complete()', prompt('plain'), 'city'],
    ['without such an argument', prompt('travel'), 'constructor'],
    ['without such a variable', resource('any://{kind}{?page}'), 'city'],
    ['with a URI of its own', resource('app://fixed'), 'kind'],
  ])('suggests nothing for an entry %s', async (_what, ref, name) => {
    expect(await complete(ref, name, 'L')).toEqual({ values: [], hasMore: false });
  });

  it.each([
    ['never', 'timeout', 0],
    ['refused', 'tool_error', 0],
    ['broken', 'error', 1],
    ['misshapen', 'error', 1],
  ])('suggests nothing, and logs it, when the class fails: %s', async (value, outcome, failures) => {
    const completion = 'any://{kind}{?page}';
    const before = logs.events('call.failed').length;
    expect(await complete(resource(completion), 'kind', value)).toEqual({ values: [], hasMore: false });
    expect(logs.events('call.ended').at(-1)).toMatchObject({ completion, outcome });
    expect(logs.events('call.failed')).toHaveLength(before + failures);
  });

  it('answers for what is hidden and what is missing alike', async () => {
    const unknown = await refusal(prompt('no-such-prompt'));
    expect(unknown).toEqual({
      code: -32602,
      message: 'Unknown prompt or resource template: the lists name those that you may use',
      data: undefined,
    });
    for (const ref of [
      prompt('hidden'),
      resource('vault://{kind}'),
      resource('any://x'),
      prompt('__proto__'),
    ]) {
      expect(await refusal(ref)).toEqual(unknown);
    }
  });
});
