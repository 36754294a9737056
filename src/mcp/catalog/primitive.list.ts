import type { McpModuleOptions } from '../mcp.options.js';
import type { ChangeFeed, ListName } from './change.feed.js';
import type { Primitive } from './primitive.js';
import { encodeCursor } from './list.cursor.js';
import { type MessageText, SharedText } from '../messages/json-rpc.js';
import { WiringError } from '../decorators/wiring.error.js';

/**
 * Maximum number of cached views: more than there are sets of relevant scopes in practice. Above it a view is rebuilt
 * for each request.
 */
const MAX_VIEWS = 256;

/** The options that a list depends on. */
export type ListOptions = Pick<McpModuleOptions, 'serverInfo' | 'pageSize' | 'listTtlMs'>;

/** The member of the result that holds a list, and the watched list that it belongs to. */
export interface ListPlace {
  readonly field: 'tools' | 'prompts' | 'resources' | 'resourceTemplates';
  readonly list: ListName;
}

/** One view of a list: what all callers with the same relevant scopes see. */
interface View<E> {
  readonly entries: readonly E[];
  /** Requested pages as JSON text, by the key after which they begin. */
  readonly pages: Map<string, MessageText>;
}

/**
 * The primitives of one list. Keys are looked up in a `Map`, so that `__proto__` is an unknown name. Lists are sorted
 * by key, and each page of a view is serialized once.
 */
export class PrimitiveList<E extends Primitive> {
  readonly byKey: ReadonlyMap<string, E>;
  private readonly entries = new Map<string, E>();
  /** The scopes that any primitive's visibility depends on. */
  private readonly relevantScopes = new Set<string>();
  private readonly views = new Map<string, View<E>>();

  constructor(
    private readonly place: ListPlace,
    private readonly changes: ChangeFeed,
    private readonly options: ListOptions,
  ) {
    this.byKey = this.entries;
  }

  /** Throws {@link WiringError} when the key is in use. */
  add(entry: E): void {
    const taken = this.entries.get(entry.key);
    if (taken !== undefined) throw this.keyTaken(entry, taken);
    this.entries.set(entry.key, entry);
    this.hasChanged();
  }

  /** False: unknown key. */
  remove(key: string): boolean {
    const removed = this.entries.delete(key);
    if (removed) this.hasChanged();
    return removed;
  }

  /** The whole list as text, for comparison: equal lists have equal texts. */
  get contents(): string {
    const entries = [...this.entries.values()].toSorted((a, b) => (a.key < b.key ? -1 : 1));
    return JSON.stringify(entries.map(({ modernDefinition, access }) => [modernDefinition, access]));
  }

  /** The page after the key `after`, for a caller with these scopes, as JSON text. */
  page(scopes: readonly string[], modern: boolean, after = ''): MessageText {
    const view = this.viewOf(scopes);
    const id = `${modern ? 'm' : 's'}${after}`;
    let text = view.pages.get(id);
    if (text === undefined) {
      text = SharedText.ofJson(this.write(view, modern, after));
      // Cache regular page starts only; a client could otherwise fill the cache with arbitrary cursors.
      if (this.beginsPage(view, after)) view.pages.set(id, text);
    }
    return text;
  }

  private viewOf(scopes: readonly string[]): View<E> {
    const passed = this.relevantScopes.size === 0 ? '' : this.relevantAmong(scopes);
    let view = this.views.get(passed);
    if (view === undefined) {
      const visible = [...this.entries.values()].filter(({ access }) => access.verdict(scopes) !== 'hidden');
      view = { entries: visible.toSorted((a, b) => (a.key < b.key ? -1 : 1)), pages: new Map() };
      if (this.views.size >= MAX_VIEWS) this.views.clear();
      this.views.set(passed, view);
    }
    return view;
  }

  /** The relevant scopes among these: callers with the same ones see the same list. */
  private relevantAmong(scopes: readonly string[]): string {
    const opened = scopes.filter((scope) => this.relevantScopes.has(scope));
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
      cacheScope: this.relevantScopes.size === 0 ? 'public' : 'private',
      _meta: { 'io.modelcontextprotocol/serverInfo': serverInfo },
    });
  }

  private hasChanged(): void {
    this.relevantScopes.clear();
    for (const { access } of this.entries.values()) {
      if (access.verdict([]) === 'hidden') for (const scope of access.scopes) this.relevantScopes.add(scope);
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
