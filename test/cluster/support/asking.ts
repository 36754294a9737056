import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventsOf, type McpEndpoint, type NumberedEvent } from '../../support/mcp-endpoint.js';
import type { RawSession } from '../../support/raw-session.js';
import { StatelessClient } from '../../support/eras/index.js';
import { until } from '../../support/until.js';
import { postAt } from './app-nodes.js';
import type { Asked, Heard, Message } from './history.js';

export interface AskOptions {
  /** How long the tool runs. */
  readonly ms?: number;
  /** How many steps it reports meanwhile. */
  readonly steps?: number;
  /** The name of the token. */
  readonly credential?: string;
  /** Where the messages are put that came. */
  readonly heard?: Heard[];
  /** Default: `journal`. */
  readonly tool?: string;
  /** The tool asks its client. */
  readonly asks?: boolean;
  /** Of a request that is sent again, or that the test waits for. Default: a new one. */
  readonly mark?: string;
  /** How long a client waits for a reply that does not come. */
  readonly patienceMs?: number;
  /** How often a client tries to go on with a broken reply. Default: until its patience ends. */
  readonly attempts?: number;
}

/** Longer than the last word on a node that is gone takes. */
const PATIENCE_MS = 45_000;

/** Calls a tool once, in a session of `/mcp`. */
export async function ask(endpoint: McpEndpoint, options: AskOptions = {}): Promise<Asked> {
  const asked = begun(endpoint.sessionId!, options);
  try {
    const response = await endpoint.post(callOf(asked, options));
    const { status, headers } = response;
    const text = await response.text();
    Object.assign(asked, { status, retryAfter: headers.get('retry-after'), text });
    const isStream = headers.get('content-type')?.startsWith('text/event-stream');
    const texts = isStream ? [...text.matchAll(/^data: (.+)$/gm)].map(([, data]) => data!) : [text];
    for (const one of texts) hear(options, asked, asked.mark, JSON.parse(one) as Message);
  } catch {
    // Its status stays undefined: the connection broke.
  }
  return ended(asked);
}

/** The same, by a client that loses its connection after the first message, and goes on wherever it is sent to. */
export async function askResuming(endpoint: McpEndpoint, options: AskOptions = {}): Promise<Asked> {
  const asked = begun(endpoint.sessionId!, options);
  const reply = new ResumedReply(asked, options);
  const deadline = performance.now() + PATIENCE_MS;
  let { attempts = Number.POSITIVE_INFINITY } = options;
  try {
    const leaving = new AbortController();
    const response = await endpoint.post(callOf(asked, options), {}, leaving.signal);
    Object.assign(asked, { status: response.status, retryAfter: response.headers.get('retry-after') });
    if (response.status !== 200) asked.text = await response.text();
    else if (await reply.readOne(response)) leaving.abort();
  } catch {
    // It goes on from what it has.
  }
  ended(asked);
  while (reply.isOpen && attempts > 0 && performance.now() < deadline) {
    attempts -= 1;
    try {
      await reply.read(await endpoint.get({ 'Last-Event-ID': reply.lastId }));
    } catch {
      // That node has died too.
    }
    if (reply.isOpen && attempts > 0) await sleep(20);
  }
  return asked;
}

/** The same, by a client that answers the question of the tool: at another node. Then `answered` is called. */
export async function askAnswering(
  endpoint: McpEndpoint,
  there: McpEndpoint,
  answered: (status: number) => Promise<unknown>,
  options: AskOptions,
): Promise<Asked> {
  const asked = begun(endpoint.sessionId!, options);
  const response = await endpoint.post(callOf(asked, { ...options, asks: true }));
  asked.status = response.status;
  for await (const { data } of eventsOf(response)) {
    if (data === '') continue;
    const message = JSON.parse(data) as Message;
    asked.text = `${asked.text ?? ''}${data}\n`;
    hear(options, asked, asked.mark, message);
    if (message.method !== 'elicitation/create') continue;
    const result = { action: 'accept', content: {} };
    await answered((await there.post({ jsonrpc: '2.0', id: message.id, result })).status);
  }
  return ended(asked);
}

/** The reply to one request, over several connections. */
class ResumedReply {
  lastId = '';
  private isOver = false;

  constructor(
    private readonly asked: Asked,
    private readonly options: AskOptions,
  ) {}

  /** Whether there is something to go on from, and the reply has not come. */
  get isOpen(): boolean {
    return this.lastId !== '' && !this.isOver;
  }

  /** Reads until the first message. */
  async readOne(response: Response): Promise<boolean> {
    for await (const event of eventsOf(response)) if (this.take(event)) return true;
    return false;
  }

  async read(response: Response): Promise<void> {
    // What came last is not known any more.
    if (response.status === 400) this.isOver = this.asked.isLossTold = true;
    if (response.status !== 200) return void (await response.text());
    for await (const event of eventsOf(response)) this.take(event);
  }

  private take({ id, data }: NumberedEvent): boolean {
    this.lastId = id;
    if (data === '') return false;
    const { asked, options } = this;
    const message = JSON.parse(data) as Message;
    hear(options, asked, asked.mark, message);
    asked.text = `${asked.text ?? ''}${data}\n`;
    this.isOver ||= message.id === asked.mark;
    asked.isLossTold ||= message.error?.code === -32000;
    return true;
  }
}

/** The same in a session of `/sse`: its POST arrives at `url`, its reply on the stream. */
export async function askOnStream(
  url: string,
  session: RawSession,
  token: string,
  options: AskOptions = {},
): Promise<Asked> {
  const asked = begun(session.id, options);
  let hasEnded = false;
  void session.ended.then(() => (hasEnded = true));
  try {
    const response = await postAt({ url }, session, token, callOf(asked, options));
    const text = await response.text();
    if (response.status !== 202) {
      const { status, headers } = response;
      return ended(Object.assign(asked, { status, retryAfter: headers.get('retry-after'), text }));
    }
  } catch {
    return ended(asked);
  }
  const isOwn = ({ id, params }: Message): boolean =>
    id === asked.mark || params?.progressToken === asked.mark;
  const isReplied = (): boolean => session.messages.some(({ id }) => id === asked.mark);
  await until(() => hasEnded || isReplied(), options.patienceMs ?? PATIENCE_MS).catch(() => undefined);
  // Its status stays undefined where the stream broke. Accepted, and no reply on an open stream: the checker says so.
  if (isReplied() || !hasEnded) asked.status = 200;
  const own = (session.messages as Message[]).filter(isOwn);
  for (const message of own) hear(options, asked, session.id, message);
  asked.text = own.map((message) => JSON.stringify(message)).join('\n');
  return ended(asked);
}

/** The same without a session: 2026-07-28. */
export async function askStateless(url: string, token: string, options: AskOptions = {}): Promise<Asked> {
  const { mark = newMark(), tool = 'journal' } = options;
  const asked: Asked = { session: mark, mark, ...pick(options), at: performance.now() };
  try {
    const call = { arguments: argumentsOf(mark, options) };
    const { status, headers, text } = await StatelessClient.askable(url, token).callTool(tool, call);
    Object.assign(asked, { status, retryAfter: headers['retry-after'], text });
  } catch {
    // Its status stays undefined: the connection broke.
  }
  return ended(asked);
}

function begun(session: string, options: AskOptions): Asked {
  return { session, mark: options.mark ?? newMark(), ...pick(options), at: performance.now() };
}

function ended(asked: Asked): Asked {
  asked.ms = performance.now() - asked.at!;
  return asked;
}

/** What only one request carries. */
export function newMark(): string {
  return `mark-${randomUUID()}`;
}

function pick({ steps, credential }: AskOptions): Pick<Asked, 'steps' | 'credential'> {
  return { ...(steps === undefined ? {} : { steps }), ...(credential === undefined ? {} : { credential }) };
}

function argumentsOf(mark: string, { ms = 0, steps = 0, asks = false }: AskOptions): object {
  return { mark, ms, steps, asks };
}

function callOf({ mark }: Asked, options: AskOptions): object {
  const params = {
    name: options.tool ?? 'journal',
    arguments: argumentsOf(mark, options),
    _meta: { progressToken: mark },
  };
  return { jsonrpc: '2.0', id: mark, method: 'tools/call', params };
}

function hear({ heard }: AskOptions, { session }: Asked, stream: string, message: Message): void {
  heard?.push({ session, stream, at: performance.now(), message });
}
