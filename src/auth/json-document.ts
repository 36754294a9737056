import type { ServerResponse } from 'node:http';

/**
 * Sends a document that a standard defines. It is written here, not returned to Nest, so that an application's
 * interceptors or a replaced `response.json` cannot change it.
 */
export function sendDocument(response: ServerResponse, document: object): void {
  const body = JSON.stringify(document);
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  response.setHeader('Content-Length', Buffer.byteLength(body));
  response.end(body);
}
