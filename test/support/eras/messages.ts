/** The wire form of the revisions. It imports nothing, since the benchmark's clients use it too. */

const INFO = { name: 'by-hand', version: '1' };
const PREFIX = 'io.modelcontextprotocol/';

/** The revision of a client that sends all that describes it in each request. */
export const STATELESS = '2026-07-28';
export const CAPABILITIES = `${PREFIX}clientCapabilities`;
export const LOG_LEVEL = `${PREFIX}logLevel`;

/** The description of the sender in each request of 2026-07-28. */
export const ENVELOPE: Readonly<Record<string, unknown>> = {
  [`${PREFIX}protocolVersion`]: STATELESS,
  [`${PREFIX}clientInfo`]: INFO,
  [CAPABILITIES]: {},
};

/** The parameters of `initialize`. */
export function initializeParams(
  protocolVersion: string,
  capabilities: object = {},
): Record<string, unknown> {
  return { protocolVersion, capabilities, clientInfo: INFO };
}

/** The headers of a message in a session of `/mcp`: name, value, name, value. */
export function sessionHeaders(sessionId: string, revision: string): string[] {
  return ['Mcp-Session-Id', sessionId, 'Mcp-Protocol-Version', revision];
}

/** The headers of a request of 2026-07-28. `name`: of a tool or prompt, or a URI, where the method has one. */
export function statelessHeaders(method: string, name?: string): string[] {
  const named = name === undefined ? [] : ['Mcp-Name', encoded(name)];
  return ['Mcp-Protocol-Version', STATELESS, 'Mcp-Method', method, ...named];
}

/** The header value for `text`: unchanged, or in base64 if a header cannot contain it. */
export function encoded(text: string): string {
  const isPlain =
    /^[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?$/.test(text) && !/^=\?base64\?.*\?=$/.test(text);
  return isPlain ? text : `=?base64?${Buffer.from(text).toString('base64')}?=`;
}
