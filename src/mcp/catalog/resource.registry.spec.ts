import { EVERY_CALL } from './audit.policy.js';
import type { ResourceOptions } from '../decorators/resource.decorator.js';
import type { HandlerFactory } from '../enhancers/handler.factory.js';
import { type Change, ChangeFeed } from './change.feed.js';
import { registeredResource } from './registered-resource.js';
import { ResourceRegistry } from './resource.registry.js';
import { WiringError } from '../decorators/wiring.error.js';

const OPTIONS = { serverInfo: { name: 'spec', version: '1' }, pageSize: 1_000, listTtlMs: 0 };

function registryOf(...uris: string[]): ResourceRegistry {
  const registry = new ResourceRegistry({} as HandlerFactory, new ChangeFeed(), OPTIONS);
  for (const uri of uris) register(registry, uri);
  return registry;
}

function register(registry: ResourceRegistry, uri: string, more: Partial<ResourceOptions> = {}): void {
  const place = uri.includes('{') ? { uriTemplate: uri } : { uri };
  const options = { name: uri, ...place, ...more } as ResourceOptions;
  registry.register(
    registeredResource(options, { read: () => '', complete: undefined }, 'SomeResource', EVERY_CALL),
  );
}

const found = (registry: ResourceRegistry, uri: string): unknown => {
  const { primitive: resource, variables } = registry.find(uri) ?? {};
  return [resource?.key, variables];
};

describe('ResourceRegistry', () => {
  const URIS = ['x://{+all}', 'x://a/{rest}', 'x://a/{name}', 'x://a/{name}/c', 'x://a/b'];

  it.each([URIS, URIS.toReversed()])(
    'finds the one with the URI, then the template with the most text before its first variable',
    (...uris) => {
      const registry = registryOf(...uris);
      expect(found(registry, 'x://a/b')).toEqual(['x://a/b', {}]);
      expect(found(registry, 'x://a/z')).toEqual(['x://a/{name}', { name: 'z' }]);
      expect(found(registry, 'x://a/z/c')).toEqual(['x://a/{name}/c', { name: 'z' }]);
      expect(found(registry, 'x://a/z/d')).toEqual(['x://{+all}', { all: 'a/z/d' }]);
      expect(found(registry, 'y://a')).toEqual([undefined, undefined]);
      // A template's own text also matches it as a URI, with its braces as values.
      expect(found(registry, 'x://a/{name}/c')).toEqual(['x://a/{name}/c', { name: '{name}' }]);
    },
  );

  it('prefers the longer prefix, whatever the alphabetical order', () => {
    const registry = registryOf('home://{user}', 'home://~{user}');
    expect(found(registry, 'home://~jane')).toEqual(['home://~{user}', { user: 'jane' }]);
  });

  it('falls back to the next template once one is removed, and returns when it is added again', () => {
    const registry = registryOf(...URIS);
    expect(found(registry, 'x://a/z')).toEqual(['x://a/{name}', { name: 'z' }]);
    expect(registry.remove('x://a/{name}')).toBe(true);
    expect(registry.remove('x://a/{name}')).toBe(false);
    expect(found(registry, 'x://a/z')).toEqual(['x://a/{rest}', { rest: 'z' }]);
    register(registry, 'x://a/{name}');
    expect(found(registry, 'x://a/z')).toEqual(['x://a/{name}', { name: 'z' }]);
    expect(registry.remove('x://a/b')).toBe(true);
    expect(found(registry, 'x://a/b')).toEqual(['x://a/{name}', { name: 'b' }]);
  });

  it('applies the access rule of the most specific template only', () => {
    const registry = registryOf('x://{+all}');
    register(registry, 'x://secret', { scopes: ['admin'] });
    register(registry, 'x://vault/{id}', { scopes: ['admin'] });
    expect(registry.verdictOn('x://open', [])).toBe('allowed');
    expect(registry.verdictOn('x://secret', [])).toBe('hidden');
    expect(registry.verdictOn('x://vault/1', [])).toBe('hidden');
    expect(registry.verdictOn('x://vault/1', ['admin'])).toBe('allowed');
    expect(registry.verdictOn('nothing', ['admin'])).toBe('hidden');
  });

  it('finds no URI of more than 2,048 characters', () => {
    const registry = registryOf('x://{id}');
    expect(registry.find(`x://${'a'.repeat(2_044)}`)).toBeDefined();
    expect(registry.find(`x://${'a'.repeat(2_045)}`)).toBeUndefined();
  });

  it('emits changes of either list, and updates', async () => {
    const changes = new ChangeFeed();
    const heard: Change[] = [];
    changes.subscribe((change) => heard.push(change));
    const registry = new ResourceRegistry({} as HandlerFactory, changes, OPTIONS);
    register(registry, 'x://{id}');
    register(registry, 'x://1');
    await new Promise((resolve) => setImmediate(resolve));
    registry.updated('x://1');
    expect(heard).toEqual([
      { kind: 'list', list: 'resources' },
      { kind: 'resource', uri: 'x://1' },
    ]);
  });

  it('refuses a URI and a template in use', () => {
    const registry = registryOf('x://1', 'x://{id}');
    expect(() => register(registry, 'x://1')).toThrow(WiringError);
    expect(() => register(registry, 'x://{id}')).toThrow(WiringError);
    expect(registry.size).toBe(2);
  });
});
