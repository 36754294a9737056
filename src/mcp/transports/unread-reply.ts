import type { ServerResponse } from 'node:http';

/**
 * Gives a client `ms` to read the rest of a response that has been ended, and cuts the connection then: what
 * waits for a client that does not read would stay in memory for as long as it likes.
 */
export function cutUnread(response: ServerResponse, ms: number): void {
  // The system has taken over all of it, as it does with nearly every reply at once.
  if (response.writableLength === 0) return;
  const cut = setTimeout(() => response.destroy(), ms).unref();
  response.once('close', () => clearTimeout(cut));
}
