import type { McpModuleOptions } from '../mcp.options.js';
import type { ChangeFeed, ListName } from './change.feed.js';
import type { Primitive } from './primitive.js';
import { encodeCursor } from './list.cursor.js';
import { WiringError } from '../decorators/wiring.error.js';

/** More than any sensible number of distinct views of a list; beyond it they are made anew. */
const MAX_VIEWS = 256;

/** What a list needs to know to be written down. */
export type ListOptions = Pick<McpModuleOptions, 'serverInfo' | 'pageSize' | 'listTtlMs'>;

/** Where a list stands in its result, and which of the lists that clients watch it belongs to. */
export interface ListPlace {
  readonly field: 'tools' | 'prompts' | 'resources' | 'resourceTemplates';
  readonly list: ListName;
}

/** One view of a list: what all callers who pass the same gates see of it. */
interface View<E> {
  readonly entries: readonly E[];
  /** Pages as JSON text by the key after which they begin, as they are asked for. */
  readonly pages: Map<string, string>;
}

/**
 * The entries of one list. Keys reach an entry through a `Map`, so that `__proto__` is an unknown name like
 * any other. Lists are in the order of their keys, and each page of each view is written down once.
 */
export class PrimitiveList<E extends Primitive> {
  private readonly entries = new Map<string, E>();
  /** The scopes that make a difference to anybody's list. */
  private readonly gates = new Set<string>();
  private readonly views = new Map<string, View<E>>();

  constructor(
    private readonly place: ListPlace,
    private readonly changes: ChangeFeed,
    private readonly options: ListOptions,
  ) {}

  get size(): number {
    return this.entries.size;
  }

  /** Throws {@link WiringError} when the key is taken. */
  add(entry: E): void {
    const taken = this.entries.get(entry.key);
    if (taken !== undefined) throw this.keyTaken(entry, taken);
    this.entries.set(entry.key, entry);
    this.hasChanged();
  }

  /** False: there was no such entry. */
  remove(key: string): boolean {
    const removed = this.entries.delete(key);
    if (removed) this.hasChanged();
    return removed;
  }

  get(key: string): E | undefined {
    return this.entries.get(key);
  }

  values(): Iterable<E> {
    return this.entries.values();
  }

  /** The page of the list that begins after `after`, for a caller with these scopes, as JSON text. */
  page(scopes: readonly string[], modern: boolean, after = ''): string {
    const view = this.viewOf(scopes);
    const id = `${modern ? 'm' : 's'}${after}`;
    let text = view.pages.get(id);
    if (text === undefined) {
      text = this.write(view, modern, after);
      // Only where pages begin when nobody adds or removes: a client could name any other place.
      if (this.beginsPage(view, after)) view.pages.set(id, text);
    }
    return text;
  }

  private viewOf(scopes: readonly string[]): View<E> {
    const passed = this.gates.size === 0 ? '' : this.gatesIn(scopes);
    let view = this.views.get(passed);
    if (view === undefined) {
      const visible = [...this.entries.values()].filter(({ access }) => access.verdict(scopes) !== 'hidden');
      view = { entries: visible.toSorted((a, b) => (a.key < b.key ? -1 : 1)), pages: new Map() };
      if (this.views.size >= MAX_VIEWS) this.views.clear();
      this.views.set(passed, view);
    }
    return view;
  }

  /** The gates that these scopes open: whoever opens the same ones sees the same list. */
  private gatesIn(scopes: readonly string[]): string {
    const opened = scopes.filter((scope) => this.gates.has(scope));
    return opened.toSorted().join(' ');
  }

  private beginsPage({ entries }: View<E>, after: string): boolean {
    if (after === '') return true;
    const index = entries.findIndex(({ key }) => key === after);
    return index !== -1 && (index + 1) % this.options.pageSize === 0;
  }

  private write({ entries }: View<E>, modern: boolean, after: string): string {
    const { pageSize, listTtlMs, serverInfo } = this.options;
    const from = after === '' ? 0 : entries.findIndex(({ key }) => key > after);
    const page = from === -1 ? [] : entries.slice(from, from + pageSize);
    const isLast = from === -1 || from + pageSize >= entries.length;
    const result = {
      [this.place.field]: page.map((entry) => (modern ? entry.modernDefinition : entry.definition)),
      ...(isLast ? {} : { nextCursor: encodeCursor(page.at(-1)!.key) }),
    };
    if (!modern) return JSON.stringify(result);
    return JSON.stringify({
      resultType: 'complete',
      ...result,
      ttlMs: listTtlMs,
      cacheScope: this.gates.size === 0 ? 'public' : 'private',
      _meta: { 'io.modelcontextprotocol/serverInfo': serverInfo },
    });
  }

  private hasChanged(): void {
    this.gates.clear();
    for (const { access } of this.entries.values()) {
      if (access.verdict([]) === 'hidden') for (const scope of access.scopes) this.gates.add(scope);
    }
    this.views.clear();
    this.changes.listChanged(this.place.list);
  }

  private keyTaken(entry: E, taken: E): WiringError {
    const mend =
      entry.className === taken.className
        ? 'list the class in the providers of one module only'
        : `it is taken by ${taken.className}; give one of them another`;
    return new WiringError(entry.className, `"${entry.key}" is registered twice: ${mend}`);
  }
}
