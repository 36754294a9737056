import { type Answer, send } from './wire.js';

const VERSION = '2026-07-28';
const META = 'io.modelcontextprotocol/';

const HEADERS = [
  'Accept',
  'application/json, text/event-stream',
  'Content-Type',
  'application/json',
  'MCP-Protocol-Version',
  VERSION,
];

/** What a client gets that has to answer something first. */
export interface InputRequired {
  readonly resultType: string;
  readonly inputRequests: Record<string, { method: string; params: Record<string, unknown> }>;
  readonly requestState: string;
}

export interface StatelessReply extends Answer {
  readonly result: Record<string, unknown> | undefined;
  readonly error: { code: number; message: string; data?: Record<string, unknown> } | undefined;
}

/** Calls of 2026-07-28 by hand, for what no real client would send. */
export class StatelessCalls {
  constructor(
    private readonly url: string,
    private readonly token: string,
    private readonly capabilities: Record<string, unknown> = { elicitation: {}, sampling: {}, roots: {} },
  ) {}

  async call(name: string, params: Record<string, unknown> = {}): Promise<StatelessReply> {
    return this.request('tools/call', { name, ...params }, ['Mcp-Name', name]);
  }

  /** The same, where the answer is a question. */
  async ask(name: string, params: Record<string, unknown> = {}): Promise<InputRequired> {
    const { result, text } = await this.call(name, params);
    if (result?.['resultType'] !== 'input_required') throw new Error(`nothing is asked: ${text}`);
    return result as unknown as InputRequired;
  }

  async request(
    method: string,
    params: Record<string, unknown>,
    headers: readonly string[] = [],
  ): Promise<StatelessReply> {
    const envelope = {
      [`${META}protocolVersion`]: VERSION,
      [`${META}clientInfo`]: { name: 'by-hand', version: '1' },
      [`${META}clientCapabilities`]: this.capabilities,
    };
    const answer = await send(`${this.url}/mcp`, {
      method: 'POST',
      token: this.token,
      headers: [...HEADERS, 'Mcp-Method', method, ...headers],
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: envelope } }),
    });
    const { result, error } = answer.json as Pick<StatelessReply, 'result' | 'error'>;
    return { ...answer, result, error };
  }
}

/** The text of a finished call. */
export function textIn({ result, text }: StatelessReply): string {
  const content = result?.['content'] as { text: string }[] | undefined;
  if (result?.['resultType'] !== 'complete' || content === undefined)
    throw new Error(`not finished: ${text}`);
  return content[0]!.text;
}
