import { withCanary } from '../../canary/canaries.js';
import type { Params } from './era.js';
import type { Exchange } from './exchange.js';
import { StreamableClient } from './streamable.client.js';

export const REVISION = '2026-07-28';
const PREFIX = 'io.modelcontextprotocol/';
const NAMED = new Set(['tools/call', 'prompts/get', 'resources/read']);

/** What each request says of its sender. */
export const ENVELOPE: Params = {
  [`${PREFIX}protocolVersion`]: REVISION,
  [`${PREFIX}clientInfo`]: { name: 'by-hand', version: '1' },
  [`${PREFIX}clientCapabilities`]: {},
};

/** A request of this revision as JSON text. */
export function statelessRequest(id: string | number, method: string, params: Params = {}): string {
  const meta = { ...ENVELOPE, ...(params['_meta'] as object | undefined) };
  return JSON.stringify({
    jsonrpc: '2.0',
    id,
    method,
    params: { ...withCanary(method, params), _meta: meta },
  });
}

/** 2026-07-28: no session; each request says who sends it, and its headers repeat what it is about. */
export class StatelessClient extends StreamableClient {
  private readonly meta: Record<string, unknown> = {};

  static async connect(url: string, token: string): Promise<StatelessClient> {
    return new StatelessClient(url, token);
  }

  override async wantLogs(level: string): Promise<void> {
    this.meta[`${PREFIX}logLevel`] = level;
  }

  override close(): void {}

  protected override request(id: string | number, method: string, params: Params = {}): string {
    const meta = { ...this.meta, ...(params['_meta'] as object | undefined) };
    return statelessRequest(id, method, { ...params, _meta: meta });
  }

  protected override headersFor(message: string): readonly string[] {
    const { method, name } = aboutOf(message);
    const headers = ['Mcp-Protocol-Version', REVISION, 'Mcp-Method', printable(method)];
    return NAMED.has(method) && name !== undefined ? [...headers, 'Mcp-Name', encoded(name)] : headers;
  }

  protected override async cancel(_id: string | number, exchange: Exchange): Promise<void> {
    exchange.hangUp();
  }
}

/** The value of a header that says `text`: as it is, or in base64 where a header cannot have it so. */
export function encoded(text: string): string {
  const isPlain =
    /^[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?$/.test(text) && !/^=\?base64\?.*\?=$/.test(text);
  return isPlain ? text : `=?base64?${Buffer.from(text).toString('base64')}?=`;
}

/** Methods have no such form: what a header cannot have is left out, and the server has to notice. */
function printable(method: string): string {
  return method.replaceAll(/[^\x20-\x7e]/g, '');
}

type Message = { method?: unknown; params?: { name?: unknown; uri?: unknown } | null } | null;

function aboutOf(text: string): { method: string; name: string | undefined } {
  let message: Message = null;
  try {
    message = JSON.parse(text) as Message;
  } catch {
    // Whatever the body is, its headers are those of a good request.
  }
  const method = message?.method;
  const name = message?.params?.name ?? message?.params?.uri;
  return {
    method: typeof method === 'string' ? method : 'tools/list',
    name: typeof name === 'string' ? name : undefined,
  };
}
