import { claimAt, firstClaim } from './claim-path.js';

const CLAIMS = {
  sub: 'alice',
  empty: null,
  'https://example.com/roles': ['a'],
  realm_access: { roles: ['b'] },
  r: { s: 'd' },
  resource_access: { 'https://mcp.example.com/mcp': { roles: ['c'] }, x: 'text' },
};

it.each([
  ['sub', 'alice'],
  ['https://example.com/roles', ['a']],
  ['realm_access.roles', ['b']],
  ['resource_access.https://mcp.example.com/mcp.roles', ['c']],
  ['realm_access', { roles: ['b'] }],
  ['realm_access.none', undefined],
  ['resource_access.x.length', undefined],
  ['r.s', 'd'],
  ['none', undefined],
  ['sub.length', undefined],
  ['realm_access.', undefined],
  ['.realm_access', undefined],
  ['constructor', undefined],
  ['__proto__.constructor', undefined],
  ['realm_access.constructor.name', undefined],
])('%s is %j', (name, value) => expect(claimAt(CLAIMS, name)).toEqual(value));

it('takes the first that is there', () => {
  expect(firstClaim(CLAIMS, ['none', 'empty', 'realm_access.roles', 'sub'])).toEqual(['b']);
  expect(firstClaim(CLAIMS, ['none'])).toBeUndefined();
});
