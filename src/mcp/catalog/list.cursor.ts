const MARK = '>';

/** An opaque cursor for the end of a page. MCP 2025-11-25, Utilities: Pagination. */
export function encodeCursor(lastKey: string): string {
  return Buffer.from(MARK + lastKey).toString('base64url');
}

/** The key after which the next page begins. Undefined: not a cursor of this server. */
export function decodeCursor(cursor: unknown): string | undefined {
  if (typeof cursor !== 'string') return undefined;
  const text = Buffer.from(cursor, 'base64url').toString();
  if (!text.startsWith(MARK) || encodeCursor(text.slice(1)) !== cursor) return undefined;
  return text.slice(1);
}
