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

it.each([
  [Plain, Plain.prototype.bare, { open: false, scopes: ['mcp:access'] }],
  [Plain, Plain.prototype.opened, { open: true, scopes: [] }],
  [Plain, Plain.prototype.scoped, { open: false, scopes: ['a', 'b'] }],
  [Plain, Plain.prototype.any, { open: false, scopes: [] }],
  [Plain, Plain.prototype.both, { open: false, scopes: ['a'] }],
  [Open, Open.prototype.bare, { open: true, scopes: [] }],
  [Open, Open.prototype.closedAgain, { open: false, scopes: ['a'] }],
  [Scoped, Scoped.prototype.bare, { open: false, scopes: ['a'] }],
  [Scoped, Scoped.prototype.opened, { open: true, scopes: [] }],
])('%p, %p: %j', (controller, handler, policy) => {
  expect(policies.of(controller, handler)).toEqual(policy);
  expect(policies.of(controller, handler)).toEqual(policy);
});

it('a handler that two controllers inherit has the policy of each', () => {
  class Heir extends Plain {}
  RequireScopes('heir')(Heir);
  expect(policies.of(Plain, Plain.prototype.bare).scopes).toEqual(['mcp:access']);
  expect(policies.of(Heir, Plain.prototype.bare).scopes).toEqual(['heir']);
});
