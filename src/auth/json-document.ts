import type { ServerResponse } from 'node:http';

/**
 * Answers with a document that a standard describes. It is written here, and not returned to Nest: an interceptor of the
 * application that wraps all results, or one that replaces Express's `json`, does not reach it.
 */
export function sendDocument(response: ServerResponse, document: object): void {
  const body = JSON.stringify(document);
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  response.setHeader('Content-Length', Buffer.byteLength(body));
  response.end(body);
}
