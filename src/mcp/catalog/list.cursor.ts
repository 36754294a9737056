const MARK = '>';

/** Where a page of a list ended, as clients see it: opaque. MCP 2025-11-25, Utilities: Pagination. */
export function encodeCursor(lastKey: string): string {
  return Buffer.from(MARK + lastKey).toString('base64url');
}

/** The key after which the next page begins. Undefined: this server has made no such cursor. */
export function decodeCursor(cursor: unknown): string | undefined {
  if (typeof cursor !== 'string') return undefined;
  const text = Buffer.from(cursor, 'base64url').toString();
  if (!text.startsWith(MARK) || encodeCursor(text.slice(1)) !== cursor) return undefined;
  return text.slice(1);
}
