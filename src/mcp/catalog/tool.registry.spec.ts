import type { ToolOptions } from '../decorators/tool.decorator.js';
import { registerTool } from './registered-tool.js';
import { ToolRegistry } from './tool.registry.js';
import { ToolWiringError } from './tool-wiring.error.js';

class SomeTool {
  execute(): string {
    return '';
  }
}

const tool = (name: string, scopes: string[] = []) =>
  registerTool({ name, description: name, scopes } satisfies ToolOptions, new SomeTool(), 'SomeTool');

const names = (registry: ToolRegistry, scopes: string[]): string[] =>
  (JSON.parse(registry.listResult(scopes)) as { tools: { name: string }[] }).tools.map(({ name }) => name);

describe('ToolRegistry', () => {
  it('lists in the order of registration, and finds by the exact name', () => {
    const registry = new ToolRegistry();
    for (const name of ['b', 'a', 'c']) registry.add(tool(name));
    expect(names(registry, [])).toEqual(['b', 'a', 'c']);
    expect(registry.find('a', [])?.name).toBe('a');
    for (const name of ['A', 'a ', ' a', '', '__proto__', 'constructor', 'toString', 'a\0']) {
      expect(registry.find(name, [])).toBeUndefined();
    }
  });

  it('hides a tool from whoever lacks one of its scopes', () => {
    const registry = new ToolRegistry();
    registry.add(tool('open'));
    registry.add(tool('closed', ['x', 'y']));
    expect(names(registry, ['mcp:access', 'x'])).toEqual(['open']);
    expect(registry.find('closed', ['x'])).toBeUndefined();
    expect(names(registry, ['y', 'mcp:access', 'x'])).toEqual(['open', 'closed']);
    expect(registry.find('closed', ['y', 'x'])?.name).toBe('closed');
  });

  it('makes a list once for all who see the same, whatever other scopes they have', () => {
    const registry = new ToolRegistry();
    registry.add(tool('open'));
    registry.add(tool('closed', ['x']));
    expect(registry.listResult(['a', 'x'])).toBe(registry.listResult(['x', 'b', 'c']));
    expect(registry.listResult(['a'])).toBe(registry.listResult([]));
  });

  it('makes its lists anew when a tool is added', () => {
    const registry = new ToolRegistry();
    registry.add(tool('a'));
    expect(names(registry, [])).toEqual(['a']);
    registry.add(tool('b'));
    expect(names(registry, [])).toEqual(['a', 'b']);
  });

  it('keeps a bounded number of lists, and right ones beyond it', () => {
    const registry = new ToolRegistry();
    for (let n = 0; n < 10; n += 1) registry.add(tool(`t${n}`, [`s${n}`]));
    for (let bits = 0; bits < 1_024; bits += 1) {
      const scopes = Array.from({ length: 10 }, (_, n) => n).filter((n) => (bits & (1 << n)) !== 0);
      expect(
        names(
          registry,
          scopes.map((n) => `s${n}`),
        ),
      ).toEqual(scopes.map((n) => `t${n}`));
    }
    expect((registry as unknown as { lists: Map<string, string> }).lists.size).toBeLessThanOrEqual(256);
  });

  it('refuses a name that is taken', () => {
    const registry = new ToolRegistry();
    registry.add(tool('a'));
    expect(() => registry.add(tool('a'))).toThrow(ToolWiringError);
    expect(registry.size).toBe(1);
  });
});
