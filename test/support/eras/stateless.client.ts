import { withCanary } from '../../canary/canaries.js';
import type { Answer } from '../wire.js';
import type { Params } from './era.js';
import type { Exchange } from './exchange.js';
import { pairs } from './headers.js';
import { CAPABILITIES, ENVELOPE, LOG_LEVEL, statelessHeaders } from './messages.js';
import { StreamableClient } from './streamable.client.js';

const NAMED = new Set(['tools/call', 'prompts/get', 'resources/read']);

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

/** A tool call over HTTP: its body, and the headers that repeat values of it. */
export function statelessCall(
  id: string | number,
  params: Params & { readonly name: string },
): { readonly body: string; readonly headers: Readonly<Record<string, string>> } {
  return {
    body: statelessRequest(id, 'tools/call', params),
    headers: pairs(statelessHeaders('tools/call', params.name)),
  };
}

/** The response to a POST, with the members of its JSON-RPC reply. */
export interface StatelessReply extends Answer {
  readonly result: Record<string, unknown> | undefined;
  readonly error: { code: number; message: string; data?: Record<string, unknown> } | undefined;
}

/** A result that asks the client for input. */
export interface InputRequired {
  readonly resultType: string;
  readonly inputRequests: Record<string, { method: string; params: Record<string, unknown> }>;
  readonly requestState: string;
}

/** 2026-07-28: no session; each request describes its sender, and its headers repeat method and name. */
export class StatelessClient extends StreamableClient {
  private readonly meta: Record<string, unknown>;

  /** `capabilities`: those that each request declares. */
  constructor(url: string, token: string, capabilities: Params = {}) {
    super(url, token);
    this.meta = { [CAPABILITIES]: capabilities };
  }

  static async connect(url: string, token: string): Promise<StatelessClient> {
    return new StatelessClient(url, token);
  }

  /** A client that declares all capabilities. */
  static askable(url: string, token: string): StatelessClient {
    return new StatelessClient(url, token, { elicitation: {}, sampling: {}, roots: {} });
  }

  async answerTo(method: string, params: Params = {}): Promise<StatelessReply> {
    const answer = await this.begin(1, method, params).answer;
    const { result, error } = answer.json as Pick<StatelessReply, 'result' | 'error'>;
    return { ...answer, result, error };
  }

  async callTool(name: string, params: Params = {}): Promise<StatelessReply> {
    return this.answerTo('tools/call', { name, ...params });
  }

  /** A call whose result asks the client for input. */
  async askedBy(name: string, params: Params = {}): Promise<InputRequired> {
    const { result, text } = await this.callTool(name, params);
    if (result?.['resultType'] !== 'input_required') throw new Error(`nothing is asked: ${text}`);
    return result as unknown as InputRequired;
  }

  override async wantLogs(level: string): Promise<void> {
    this.meta[LOG_LEVEL] = level;
  }

  override close(): void {}

  protected override messageText(id: string | number, method: string, params: Params = {}): string {
    const meta = { ...this.meta, ...(params['_meta'] as object | undefined) };
    return statelessRequest(id, method, { ...params, _meta: meta });
  }

  protected override headersFor(message: string): readonly string[] {
    const { method, name } = aboutOf(message);
    return statelessHeaders(printable(method), NAMED.has(method) ? name : undefined);
  }

  protected override async cancel(_id: string | number, exchange: Exchange): Promise<void> {
    exchange.hangUp();
  }
}

/** The text of a finished call. */
export function textIn({ result, text }: StatelessReply): string {
  const content = result?.['content'] as { text: string }[] | undefined;
  if (result?.['resultType'] !== 'complete' || content === undefined)
    throw new Error(`not finished: ${text}`);
  return content[0]!.text;
}

/** Methods have no base64 form: invalid characters are removed, and the server has to refuse the difference. */
function printable(method: string): string {
  return method.replaceAll(/[^\x20-\x7e]/g, '');
}

type Message = { method?: unknown; params?: { name?: unknown; uri?: unknown } | null } | null;

function aboutOf(text: string): { method: string; name: string | undefined } {
  let message: Message = null;
  try {
    message = JSON.parse(text) as Message;
  } catch {
    // An invalid body gets the headers of a valid request.
  }
  const method = message?.method;
  const name = message?.params?.name ?? message?.params?.uri;
  return {
    method: typeof method === 'string' ? method : 'tools/list',
    name: typeof name === 'string' ? name : undefined,
  };
}
