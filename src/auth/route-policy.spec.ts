import type { Type } from '@nestjs/common';
import { Public } from './public.decorator.js';
import { RequireScopes } from './require-scopes.decorator.js';
import { RoutePolicies } from './route.policies.js';

class Plain {
  bare() {}
  @Public() opened() {}
  @RequireScopes('a', 'b') scoped() {}
  @RequireScopes() any() {}
  @Public() @RequireScopes('a') both() {}
}

@Public()
class Open {
  bare() {}
  @RequireScopes('a') closedAgain() {}
}

@RequireScopes('a')
class Scoped {
  bare() {}
  @Public() opened() {}
}

const policies = new RoutePolicies();
const policyOf = (controller: Type, name: string) =>
  policies.of(controller, Reflect.get(controller.prototype, name));

it.each([
  [Plain, 'bare', { open: false, scopes: ['mcp:access'] }],
  [Plain, 'opened', { open: true, scopes: [] }],
  [Plain, 'scoped', { open: false, scopes: ['a', 'b'] }],
  [Plain, 'any', { open: false, scopes: [] }],
  [Plain, 'both', { open: false, scopes: ['a'] }],
  [Open, 'bare', { open: true, scopes: [] }],
  [Open, 'closedAgain', { open: false, scopes: ['a'] }],
  [Scoped, 'bare', { open: false, scopes: ['a'] }],
  [Scoped, 'opened', { open: true, scopes: [] }],
])('%p, %s: %j', (controller, name, policy) => {
  expect(policyOf(controller, name)).toEqual(policy);
  expect(policyOf(controller, name)).toEqual(policy);
});

it('a handler that two controllers inherit has the policy of each', () => {
  class Heir extends Plain {}
  RequireScopes('heir')(Heir);
  expect(policyOf(Plain, 'bare').scopes).toEqual(['mcp:access']);
  expect(policyOf(Heir, 'bare').scopes).toEqual(['heir']);
});
