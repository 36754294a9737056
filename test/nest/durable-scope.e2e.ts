import { Inject, Injectable, Scope } from '@nestjs/common';
import {
  type ContextId,
  ContextIdFactory,
  type ContextIdStrategy,
  type HostComponentInfo,
  REQUEST,
} from '@nestjs/core';
import { type McpContext, type McpTool, Tool } from '../../src/mcp/index.js';
import { CLIENTS, type McpClient } from '../support/clients.js';
import { startApp, type TestApp } from '../support/test-app.js';

let made = 0;

/** One for each tenant: made once, for all calls of the tenant. */
@Injectable({ scope: Scope.REQUEST, durable: true })
class Tenant {
  readonly number = (made += 1);

  constructor(@Inject(REQUEST) readonly payload: { tenant: string }) {}
}

@Tool({ name: 'tenant', description: 'Knows its tenant.' })
class TenantTool implements McpTool {
  constructor(private readonly tenant: Tenant) {}

  execute(): string {
    return `${this.tenant.payload.tenant} ${this.tenant.number}`;
  }
}

/** One for each call, beside the tenant. */
@Tool({ name: 'both', description: 'Knows its tenant and its call.' })
class BothTool implements McpTool {
  private calls = 0;

  constructor(
    private readonly tenant: Tenant,
    @Inject(REQUEST) private readonly request: McpContext & { tenant: string },
  ) {}

  execute(): string {
    return `${this.tenant.number} ${this.request.user.subject} ${this.request.tenant} ${(this.calls += 1)}`;
  }
}

const tenants = new Map<string, ContextId>();

/** Users are tenants. What comes in that is no MCP call has none. */
class TenantStrategy implements ContextIdStrategy<Partial<McpContext>> {
  attach(contextId: ContextId, { user }: Partial<McpContext>) {
    if (user === undefined) return undefined;
    const tenant = user.subject;
    if (!tenants.has(tenant)) tenants.set(tenant, ContextIdFactory.create());
    return {
      resolve: (info: HostComponentInfo) => (info.isTreeDurable ? tenants.get(tenant)! : contextId),
      payload: { tenant },
    };
  }
}

let app: TestApp;

beforeAll(async () => {
  ContextIdFactory.apply(new TenantStrategy());
  app = await startApp({}, [Tenant, TenantTool, BothTool]);
});

afterAll(() => app.close());

describe.each(CLIENTS.filter(({ name }) => /v1|newest/.test(name)))(
  'a durable provider, by $name',
  (kind) => {
    let alice: McpClient;
    let bob: McpClient;

    beforeAll(async () => {
      alice = await kind.connect(app.url, await app.token('alice'));
      bob = await kind.connect(app.url, await app.token('bob'));
    });

    afterAll(() => Promise.all([alice.close(), bob.close()]));

    it('is one for all calls of its tenant, and knows the tenant only', async () => {
      const first = (await alice.call('tenant')).text;
      expect(first).toMatch(/^alice \d+$/);
      expect((await alice.call('tenant')).text).toBe(first);
      const other = (await bob.call('tenant')).text;
      expect(other).toMatch(/^bob \d+$/);
      expect(other.slice(4)).not.toBe(first.slice(6));
    });

    it('is shared by tools that are made for each call', async () => {
      const number = (await alice.call('tenant')).text.slice(6);
      expect((await alice.call('both')).text).toBe(`${number} alice alice 1`);
      expect((await alice.call('both')).text).toBe(`${number} alice alice 1`);
    });
  },
);
