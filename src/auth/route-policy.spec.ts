import type { Type } from '@nestjs/common';
import { policyOf } from './jwt-auth.guard.js';
import { Public } from './public.decorator.js';
import { RequireScopes } from './require-scopes.decorator.js';

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

const declared = (controller: Type, name: string) =>
  policyOf(controller, Reflect.get(controller.prototype, name));

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
  expect(declared(controller, name)).toEqual(policy);
});

it('a handler that two controllers inherit has the policy of each', () => {
  class Heir extends Plain {}
  RequireScopes('heir')(Heir);
  expect(declared(Plain, 'bare').scopes).toEqual(['mcp:access']);
  expect(declared(Heir, 'bare').scopes).toEqual(['heir']);
});
