import type { ServerResponse } from 'node:http';
import type { McpModuleOptions } from '../mcp.options.js';

/** How much of what was sent may wait for the client to read it, and for how long. */
export type ReadingLimits = Pick<McpModuleOptions, 'maxBufferedBytes' | 'maxStallMs'>;

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

/** The time for what waits, in milliseconds: for each part of it that may wait on a stream, the time that may take. */
export function readingTimeOf(
  { writableLength }: ServerResponse,
  { maxBufferedBytes, maxStallMs }: ReadingLimits,
): number {
  return maxStallMs * Math.max(1, Math.ceil(writableLength / maxBufferedBytes));
}
