import { Inject, Injectable, Scope, type InjectableOptions, type Provider, type Type } from '@nestjs/common';
import {
  type ContextId,
  ContextIdFactory,
  type ContextIdStrategy,
  type HostComponentInfo,
} from '@nestjs/core';
import { z } from 'zod';
import { type McpContext, Prompt, Resource, Tool } from '../../src/mcp/index.js';
import { type EraClient, ERAS } from '../support/eras/index.js';
import { startApp, type TestApp } from '../support/test-app.js';

const description = 'Keeps what a call brings in a field, and answers with what was there before.';
const input = z.object({ text: z.string() });

/** A class that tells the data of one call to the next one, if both get the same instance. */
class Keeper {
  private kept = '';

  execute({ text }: { text: string }): string {
    const before = this.kept;
    this.kept = text;
    return `before: ${before}`;
  }

  read({ variables }: { variables: Record<string, unknown> }): string {
    return this.execute({ text: String(variables['text']) });
  }

  render({ text }: { text: string }): string {
    return this.execute({ text });
  }
}

/** What `@Tool`, `@Resource` or `@Prompt` makes of a class, under this name. */
const KINDS: Record<string, (name: string, target: Type) => void> = {
  tool: (name, target) => Tool({ name, description, input })(target as Type<never>),
  resource: (name, target) => Resource({ name, uriTemplate: `${name}://{text}` })(target as Type<never>),
  prompt: (name, target) => Prompt({ name, args: input })(target as Type<never>),
};

const SCOPES: Record<string, InjectableOptions> = {
  request: { scope: Scope.REQUEST },
  transient: { scope: Scope.TRANSIENT },
  durable: { scope: Scope.REQUEST, durable: true },
};

const keeper = (): Type => class extends Keeper {};

/** The ways to declare a scope. Decorators run from the class upwards. */
const WAYS: Record<string, (decorate: (target: Type) => void, options: InjectableOptions) => Provider> = {
  above: (decorate, options) => {
    const target = keeper();
    Injectable(options)(target);
    decorate(target);
    return target;
  },
  below: (decorate, options) => {
    const target = keeper();
    decorate(target);
    Injectable(options)(target);
    return target;
  },
  inherited: (decorate, options) => {
    const parent = keeper();
    Injectable(options)(parent);
    const target = class extends parent {};
    decorate(target);
    return target;
  },
  provided: (decorate, options) => {
    const target = keeper();
    decorate(target);
    return { provide: target, useClass: target, ...options };
  },
};

@Injectable({ scope: Scope.REQUEST })
class PerCall {}

/** Says nothing of a scope itself: what it injects does. */
function injecting(decorate: (target: Type) => void): Type {
  const target = class extends keeper() {};
  Inject(PerCall)(target, undefined, 0);
  decorate(target);
  return target;
}

const providers: Provider[] = [PerCall];
const names: { kind: string; name: string; shared: string }[] = [];
for (const [kind, decorateAs] of Object.entries(KINDS)) {
  const add = (name: string, provider: (decorate: (target: Type) => void) => Provider, shared = 'no') => {
    providers.push(provider((target) => decorateAs(name, target)));
    names.push({ kind, name, shared });
  };
  for (const [way, provide] of Object.entries(WAYS)) {
    for (const [scope, options] of Object.entries(SCOPES)) {
      const shared = scope === 'durable' ? 'of a user' : 'no';
      add(`${kind}-${way}-${scope}`, (decorate) => provide(decorate, options), shared);
    }
  }
  add(`${kind}-injecting`, injecting);
}

const tenants = new Map<string, ContextId>();

/** Users are tenants. */
class TenantStrategy implements ContextIdStrategy<Partial<McpContext>> {
  attach(contextId: ContextId, { user }: Partial<McpContext>) {
    if (user === undefined) return undefined;
    const tenant = tenants.get(user.subject) ?? ContextIdFactory.create();
    tenants.set(user.subject, tenant);
    return {
      resolve: (info: HostComponentInfo) => (info.isTreeDurable ? tenant : contextId),
      payload: { tenant: user.subject },
    };
  }
}

let app: TestApp;
beforeAll(async () => {
  ContextIdFactory.apply(new TenantStrategy());
  app = await startApp({}, providers);
});
afterAll(() => app.close());

describe.each(ERAS)('$name: a field of a class that is not shared', ({ connect, revision }) => {
  let alice: EraClient;
  let bob: EraClient;
  beforeAll(async () => {
    alice = await connect(app.url, await app.token(`alice ${revision}`));
    bob = await connect(app.url, await app.token(`bob ${revision}`));
  });
  afterAll(() => {
    alice.close();
    bob.close();
  });

  let serial = 0;
  const send = async (by: EraClient, kind: string, name: string, text: string): Promise<string> => {
    const id = `keep ${(serial += 1)}`;
    const reply =
      kind === 'tool'
        ? await by.request(id, 'tools/call', { name, arguments: { text } })
        : kind === 'resource'
          ? await by.request(id, 'resources/read', { uri: `${name}://${text}` })
          : await by.request(id, 'prompts/get', { name, arguments: { text } });
    return /before: (\w*)/.exec(JSON.stringify(reply.result ?? reply.error))?.[1] ?? JSON.stringify(reply);
  };

  // Beyond the first revision it is shown of each kind, and not of each way to declare it.
  const shown = revision === ERAS[0]!.revision ? names : names.filter(({ name }) => name.includes('-above-'));
  it.each(shown)('is new in each call of $name; shared: $shared', async ({ kind, name, shared }) => {
    expect(await send(alice, kind, name, 'first')).toBe('');
    expect(await send(bob, kind, name, 'others')).toBe('');
    expect(await send(alice, kind, name, 'second')).toBe(shared === 'no' ? '' : 'first');
  });
});
