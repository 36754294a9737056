import type { ToolOptions } from '../decorators/tool.decorator.js';
import { type Change, ChangeFeed } from './change.feed.js';
import { PrimitiveList } from './primitive.list.js';
import { decodeCursor } from './list.cursor.js';
import { type RegisteredTool, registeredTool } from './registered-tool.js';
import { WiringError } from '../decorators/wiring.error.js';

const OPTIONS = { serverInfo: { name: 'spec', version: '1' }, pageSize: 1_000, listTtlMs: 60_000 };
const PLACE = { field: 'tools', list: 'tools' } as const;

interface ListResult {
  readonly tools: readonly { readonly name: string }[];
  readonly nextCursor?: string;
  readonly cacheScope?: string;
}

const tool = (name: string, options: Partial<ToolOptions> = {}): RegisteredTool =>
  registeredTool({ name, description: name, ...options }, () => '', 'SomeTool');

const listOf = (pageSize = 1_000, changes = new ChangeFeed()): PrimitiveList<RegisteredTool> =>
  new PrimitiveList(PLACE, changes, { ...OPTIONS, pageSize });

const read = (
  list: PrimitiveList<RegisteredTool>,
  scopes: string[],
  after?: string,
  modern = false,
): ListResult => JSON.parse(list.page(scopes, modern, after).toString()) as ListResult;

const names = (list: PrimitiveList<RegisteredTool>, scopes: string[] = []): string[] =>
  read(list, scopes).tools.map(({ name }) => name);

const visible = (list: PrimitiveList<RegisteredTool>, key: string, scopes: string[] = []): string =>
  list.byKey.get(key)?.access.verdict(scopes) ?? 'hidden';

describe('PrimitiveList', () => {
  it('lists in the order of keys, and finds by the exact key', () => {
    const list = listOf();
    for (const name of ['b', 'a', 'C']) list.add(tool(name));
    expect(names(list)).toEqual(['C', 'a', 'b']);
    expect(visible(list, 'a')).toBe('allowed');
    for (const name of ['A', 'a ', ' a', '', '__proto__', 'constructor', 'toString', 'a\0']) {
      expect(visible(list, name)).toBe('hidden');
    }
  });

  it('hides a primitive from a caller without its scopes, and lists one with step-up', () => {
    const list = listOf();
    list.add(tool('open'));
    list.add(tool('both', { scopes: ['x', 'y'] }));
    list.add(tool('either', { scopes: { anyOf: ['x', 'z'] } }));
    list.add(tool('step', { scopes: ['admin'], stepUp: true }));
    expect(names(list, ['mcp:access'])).toEqual(['open', 'step']);
    expect(names(list, ['mcp:access', 'x'])).toEqual(['either', 'open', 'step']);
    expect(names(list, ['z'])).toEqual(['either', 'open', 'step']);
    expect(names(list, ['y', 'x'])).toEqual(['both', 'either', 'open', 'step']);
    expect(visible(list, 'both', ['x'])).toBe('hidden');
    expect(visible(list, 'step', ['x'])).toBe('step_up');
    expect(visible(list, 'step', ['admin'])).toBe('allowed');
  });

  it('serializes a list once for all callers with the same relevant scopes', () => {
    const list = listOf();
    list.add(tool('open'));
    list.add(tool('closed', { scopes: ['x'] }));
    expect(list.page(['a', 'x'], false)).toBe(list.page(['x', 'b', 'c'], false));
    expect(list.page(['a'], true)).toBe(list.page([], true));
  });

  it('marks a filtered list as private', () => {
    const list = listOf();
    list.add(tool('open'));
    expect(read(list, [], '', true).cacheScope).toBe('public');
    list.add(tool('closed', { scopes: ['x'] }));
    expect(read(list, ['x'], '', true).cacheScope).toBe('private');
    list.remove('closed');
    expect(read(list, ['x'], '', true).cacheScope).toBe('public');
  });

  it('continues a page after its last key, even when that primitive is removed', () => {
    const list = listOf(2);
    for (const name of ['e', 'd', 'c', 'b', 'a']) list.add(tool(name));
    const first = read(list, []);
    expect(first.tools.map(({ name }) => name)).toEqual(['a', 'b']);
    const after = decodeCursor(first.nextCursor);
    expect(read(list, [], after).tools.map(({ name }) => name)).toEqual(['c', 'd']);
    list.remove('b');
    list.remove('e');
    const rest = read(list, [], after);
    expect(rest.tools.map(({ name }) => name)).toEqual(['c', 'd']);
    expect(rest.nextCursor).toBeUndefined();
  });

  it('accepts its own cursors only', () => {
    for (const cursor of ['', 'x', 5, null, 'Pg==', '+a', Buffer.from('a').toString('base64url')]) {
      expect(decodeCursor(cursor)).toBeUndefined();
    }
  });

  it('rebuilds its lists and notifies listeners, once for many changes', async () => {
    const changes = new ChangeFeed();
    const heard: Change[] = [];
    changes.subscribe((change) => heard.push(change));
    const list = listOf(1_000, changes);
    list.add(tool('a'));
    expect(names(list)).toEqual(['a']);
    list.add(tool('b'));
    expect(names(list)).toEqual(['a', 'b']);
    expect(list.remove('a')).toBe(true);
    expect(list.remove('a')).toBe(false);
    expect(names(list)).toEqual(['b']);
    await new Promise((resolve) => setImmediate(resolve));
    expect(heard).toEqual([{ kind: 'list', list: 'tools' }]);
  });

  it('keeps a bounded number of views, and stays correct beyond', () => {
    const list = listOf();
    for (let n = 0; n < 10; n += 1) list.add(tool(`t${n}`, { scopes: [`s${n}`] }));
    for (let bits = 0; bits < 1_024; bits += 1) {
      const numbers = Array.from({ length: 10 }, (_, n) => n).filter((n) => (bits & (1 << n)) !== 0);
      const scopes = numbers.map((n) => `s${n}`);
      expect(names(list, scopes)).toEqual(numbers.map((n) => `t${n}`));
    }
    expect((list as unknown as { views: Map<string, unknown> }).views.size).toBeLessThanOrEqual(256);
  });

  it('refuses a key in use', () => {
    const list = listOf();
    list.add(tool('a'));
    expect(() => list.add(tool('a'))).toThrow(WiringError);
    expect(list.byKey.size).toBe(1);
  });
});
