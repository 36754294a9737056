/** One call of 2026-07-28 as it goes over HTTP: its body, and the headers that repeat what is in it. */
export interface StatelessRequest {
  readonly body: object;
  readonly headers: Readonly<Record<string, string>>;
}

const VERSION = '2026-07-28';

export function statelessCall(id: number | string, params: { readonly name: string }): StatelessRequest {
  const envelope = {
    'io.modelcontextprotocol/protocolVersion': VERSION,
    'io.modelcontextprotocol/clientInfo': { name: 'by-hand', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  return {
    body: { jsonrpc: '2.0', id, method: 'tools/call', params: { ...params, _meta: envelope } },
    headers: { 'MCP-Protocol-Version': VERSION, 'Mcp-Method': 'tools/call', 'Mcp-Name': params.name },
  };
}
