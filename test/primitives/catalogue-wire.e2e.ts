import { z } from 'zod';
import {
  type McpPrompt,
  type McpResource,
  Prompt,
  Resource,
  ResourceNotFoundError,
} from '../../src/mcp/index.js';
import { McpEndpoint } from '../support/mcp-endpoint.js';
import { RawSession } from '../support/raw-session.js';
import { startApp, type TestApp } from '../support/test-app.js';

const args = z.object({ topic: z.string() });

@Resource({ name: 'open', uri: 'app://open', ttlMs: 5_000 })
class OpenResource implements McpResource {
  read(): string {
    return 'open';
  }
}

@Resource({ name: 'item', uriTemplate: 'item://{id}' })
class ItemResource implements McpResource {
  read(): string {
    throw new ResourceNotFoundError();
  }
}

@Resource({ name: 'paid', uriTemplate: 'paid://{id}', scopes: ['paid'], stepUp: true })
class PaidResource implements McpResource {
  read(): string {
    return 'worth it';
  }
}

@Prompt({ name: 'paid', args, scopes: ['paid'], stepUp: true })
class PaidPrompt implements McpPrompt<typeof args> {
  render(): string {
    return 'worth it';
  }
}

let app: TestApp;
let token: string;
let session: McpEndpoint;
let stateless: McpEndpoint;
beforeAll(async () => {
  app = await startApp({}, [OpenResource, ItemResource, PaidResource, PaidPrompt]);
  token = await app.token();
  session = await McpEndpoint.open(app.url, token);
  stateless = new McpEndpoint(app.url, token);
});
afterAll(() => app.close());

/** A request of 2026-07-28. */
function ask(method: string, params: Record<string, unknown>): Promise<Response> {
  const envelope = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const name = params['name'] ?? params['uri'];
  return stateless.post(
    { jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: envelope } },
    {
      'Mcp-Protocol-Version': '2026-07-28',
      'Mcp-Method': method,
      ...(typeof name === 'string' ? { 'Mcp-Name': name } : {}),
    },
  );
}

interface Body {
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly code: number; readonly message: string };
}

async function answer(method: string, params: Record<string, unknown>): Promise<Body> {
  return (await (await ask(method, params)).json()) as Body;
}

const WANTING: readonly [string, Record<string, unknown>][] = [
  ['resources/read', { uri: 'paid://7' }],
  ['prompts/get', { name: 'paid', arguments: { topic: 'x' } }],
  [
    'completion/complete',
    { ref: { type: 'ref/prompt', name: 'paid' }, argument: { name: 'topic', value: '' } },
  ],
  [
    'completion/complete',
    { ref: { type: 'ref/resource', uri: 'paid://{id}' }, argument: { name: 'id', value: '' } },
  ],
];

describe('up to 2025-11-25', () => {
  it('a result has nothing of 2026-07-28', async () => {
    expect((await session.request(1, 'resources/read', { uri: 'app://open' })).result).toEqual({
      contents: [{ uri: 'app://open', mimeType: 'text/plain', text: 'open' }],
    });
  });

  it.each(['app://nothing', 'item://1'])('−32002 says that there is no %s', async (uri) => {
    expect((await session.request(1, 'resources/read', { uri })).error).toEqual({
      code: -32002,
      message: 'Resource not found',
      data: { uri },
    });
  });

  it.each([...WANTING, ['resources/subscribe', { uri: 'paid://7' }] as const])(
    '%s asks for the scopes that are lacking',
    async (method, params) => {
      const response = await session.call(1, method, params);
      expect(response.status).toBe(403);
      expect(response.headers.get('www-authenticate')).toMatch(
        /scope="[^"]*\bpaid\b[^"]*", error="insufficient_scope"/,
      );
      await response.text();
    },
  );

  it('the same over /sse, before the message is accepted', async () => {
    const sse = await RawSession.open(app.url, token);
    for (const [method, params] of WANTING) {
      const response = await sse.post({ jsonrpc: '2.0', id: 1, method, params });
      expect(response.status).toBe(403);
      await response.text();
    }
    expect(sse.messages).toEqual([]);
    sse.close();
  });
});

describe('2026-07-28', () => {
  it('what is read says how long it may be kept, and by whom', async () => {
    expect((await answer('resources/read', { uri: 'app://open' })).result).toMatchObject({
      resultType: 'complete',
      contents: [{ uri: 'app://open', mimeType: 'text/plain', text: 'open' }],
      ttlMs: 5_000,
      cacheScope: 'private',
    });
  });

  it.each(['resources/list', 'resources/templates/list', 'prompts/list'])(
    '%s says so, too',
    async (method) => {
      const { result } = await answer(method, {});
      expect(result).toMatchObject({ resultType: 'complete', ttlMs: 60_000 });
      expect(result).toMatchObject({ cacheScope: 'public' });
    },
  );

  it.each(['app://nothing', 'item://1'])('−32602 says that there is no %s', async (uri) => {
    expect((await answer('resources/read', { uri })).error).toEqual({
      code: -32602,
      message: 'Resource not found',
      data: { uri },
    });
  });

  it.each(WANTING)('%s asks for the scopes that are lacking', async (method, params) => {
    const response = await ask(method, params);
    expect(response.status).toBe(403);
    expect(response.headers.get('www-authenticate')).toMatch(
      /scope="[^"]*\bpaid\b[^"]*", error="insufficient_scope"/,
    );
    await response.text();
  });

  it.each(['resources/subscribe', 'resources/unsubscribe'])('has no %s', async (method) => {
    const response = await ask(method, { uri: 'app://open' });
    expect(response.status).toBe(404);
    expect(((await response.json()) as Body).error?.code).toBe(-32601);
  });

  it('a completion is a whole result, also an empty one', async () => {
    const ref = { type: 'ref/resource', uri: 'item://{id}' };
    const { result } = await answer('completion/complete', { ref, argument: { name: 'id', value: '' } });
    expect(result).toMatchObject({ resultType: 'complete', completion: { values: [], hasMore: false } });
  });
});

describe('parameters that are none', () => {
  const URI = '"uri" must be a string of at most 2048 characters';
  const ARGUMENTS = '"arguments" must be an object whose values are strings';
  const REF = '"ref" must be a "ref/prompt" with a "name" or a "ref/resource" with a "uri"';
  const ARGUMENT = '"argument" must have a "name" and a "value" that are strings';
  const CONTEXT = '"context.arguments" must be an object whose values are strings';
  const argument = { name: 'topic', value: '' };
  const ref = { type: 'ref/prompt', name: 'paid' };

  it.each([
    ['resources/read', {}, URI],
    ['resources/read', { uri: 5 }, URI],
    ['prompts/get', {}, '"name" must be a string'],
    ['prompts/get', { name: ['x'] }, '"name" must be a string'],
    ['prompts/get', { name: 'x', arguments: ['topic'] }, ARGUMENTS],
    // What PHP makes of an empty object: it is refused for its name alone.
    [
      'prompts/get',
      { name: 'x', arguments: [] },
      'Unknown prompt: prompts/list names those that you may use',
    ],
    ['prompts/get', { name: 'x', arguments: { topic: 5 } }, ARGUMENTS],
    ['completion/complete', { argument }, REF],
    ['completion/complete', { argument, ref: 'paid' }, REF],
    ['completion/complete', { argument, ref: { type: 'ref/tool', name: 'echo' } }, REF],
    ['completion/complete', { argument, ref: { type: 'ref/prompt', uri: 'x' } }, REF],
    ['completion/complete', { argument, ref: { type: 'ref/resource', name: 'x' } }, REF],
    ['completion/complete', { ref: { ...ref, name: 'x' } }, ARGUMENT],
    ['completion/complete', { ref: { ...ref, name: 'x' }, argument: { name: 'x', value: 5 } }, ARGUMENT],
    [
      'completion/complete',
      { ref: { ...ref, name: 'x' }, argument, context: { arguments: { a: 1 } } },
      CONTEXT,
    ],
    ['completion/complete', { ref: { ...ref, name: 'x' }, argument, context: { arguments: 'a' } }, CONTEXT],
    ['resources/list', { cursor: 'x' }, 'There is no such cursor: begin the list again without one'],
    ['resources/templates/list', { cursor: 5 }, 'There is no such cursor: begin the list again without one'],
    ['prompts/list', { cursor: 'Pg==' }, 'There is no such cursor: begin the list again without one'],
  ])('%s %j', async (method, params, message) => {
    const { error } = await session.request(1, method, params);
    expect(error).toEqual({ code: -32602, message });
  });
});
