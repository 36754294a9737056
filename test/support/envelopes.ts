import type { Answer } from './wire.js';
import { PUBLIC_URL } from './test-app.js';

/** Matches a stack, a path of this machine or the class of an error. */
const INSIDES = /\n\s+at |node_modules|\.[jt]s:\d|file:\/\/|\b[A-Z][A-Za-z]*(Error|Exception)\b/;

/** Asserts that the response contains no internals of the server. */
export function expectNoInsides({ text }: { readonly text: string }): void {
  expect(text).not.toMatch(INSIDES);
}

/** Asserts a refusal on a protocol route: a JSON-RPC error object, with the id of the message if it could be read. */
export function expectRpcRefusal(
  answer: Answer,
  status: number,
  code: number,
  id: string | number | null = null,
): void {
  expect({ status: answer.status, body: answer.json }).toEqual({
    status,
    body: { jsonrpc: '2.0', id, error: { code, message: expect.any(String) } },
  });
  expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
  expectNoInsides(answer);
}

/** Asserts a refusal on another route: OAuth's body. */
export function expectProblem(answer: Answer, status: number, error: string): void {
  expect({ status: answer.status, body: answer.json }).toEqual({
    status,
    body: { error, error_description: expect.any(String) },
  });
  expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
  expect(answer.headers['cache-control']).toBe('no-store');
  expectNoInsides(answer);
}

/** The last part of the address of the document that describes a route (RFC 9728). */
export function documentOf(route: string): '' | '/mcp' | '/sse' {
  if (/^\/mcp\b/.test(route)) return '/mcp';
  return /^\/(sse|message)\b/.test(route) ? '/sse' : '';
}

/** Asserts a 401 or 403 with its whole challenge; `error` is undefined if no token was sent. */
export function expectChallenge(
  answer: Answer,
  {
    route,
    status = 401,
    scope = 'mcp:access',
    error,
  }: { route: string; status?: 401 | 403; scope?: string; error?: string },
): void {
  expectProblem(answer, status, error ?? 'invalid_token');
  const { error_description: description } = answer.json as { error_description: string };
  const metadata = `${PUBLIC_URL}/.well-known/oauth-protected-resource${documentOf(route)}`;
  const reason = error === undefined ? '' : `, error="${error}", error_description="${description}"`;
  expect(answer.headers['www-authenticate']).toBe(
    `Bearer resource_metadata="${metadata}", scope="${scope}"${reason}`,
  );
}

/** Asserts that a client cannot distinguish two responses: status, headers and body are equal, except for the time. */
export function expectSameAnswer(one: Answer, other: Answer): void {
  expect(comparable(one)).toEqual(comparable(other));
}

function comparable({ status, headers, text }: Answer): unknown {
  const { date: _clock, ...rest } = headers;
  return { status, headers: rest, text };
}

/** Asserts that the response contains no part of the token, and not its canary. */
export function expectNothingOf(token: string, answer: Answer, ...more: readonly string[]): void {
  const whole = JSON.stringify(answer.headers) + answer.text;
  const parts = [...token.split('.'), ...more].filter((part) => part.length > 8);
  for (const part of parts) expect(whole).not.toContain(part);
}
