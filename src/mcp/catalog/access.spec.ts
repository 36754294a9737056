import { Access } from './access.js';
import type { RequiredScopes } from '../decorators/primitive-options.js';
import { WiringError } from '../decorators/wiring.error.js';

const access = (scopes: unknown, stepUp = false): Access =>
  Access.of({ scopes: scopes as RequiredScopes, stepUp }, 'VaultTool');

describe('scopes of a primitive', () => {
  it.each([
    [undefined, [], 'allowed'],
    [[], [], 'allowed'],
    [['a'], ['a', 'b'], 'allowed'],
    [['a', 'b'], ['a'], 'hidden'],
    [{ anyOf: ['a', 'b'] }, ['b'], 'allowed'],
    [{ anyOf: ['a', 'b'] }, ['c', 'A', 'ab', ' a'], 'hidden'],
  ])('%j for a caller with %j: %s', (required, scopes, verdict) => {
    expect(access(required).verdict(scopes)).toBe(verdict);
    expect(access(required, true).verdict(scopes)).toBe(verdict === 'hidden' ? 'step_up' : verdict);
  });

  it.each([
    [{ anyOf: [] }],
    [{}],
    [{ anyof: ['a'] }],
    [{ anyOf: 'a' }],
    ['a'],
    [''],
    [null],
    [['']],
    [['a b']],
    [['a"']],
    [['a\\']],
    [['a\r\nX: 1']],
    [['ä']],
    [[['a', 'b']]],
  ])('%j are refused, with a remedy', (required) => {
    expect(() => access(required)).toThrow(WiringError);
    expect(() => access(required)).toThrow(/^Class VaultTool: .*; use a list of names /);
  });
});
