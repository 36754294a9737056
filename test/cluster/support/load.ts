import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { McpEndpoint } from '../../support/mcp-endpoint.js';
import type { RawSession } from '../../support/raw-session.js';
import { until } from '../../support/until.js';
import { postAt } from './app-nodes.js';
import type { Asked } from './checker.js';

/** Clients of 2025-11-25 that call without a pause, each in a session of its own. */
export class Load {
  readonly asked: Asked[] = [];
  private readonly stopping = new AbortController();
  private readonly running: Promise<unknown>;

  private constructor(readonly endpoints: readonly McpEndpoint[]) {
    this.running = Promise.all(endpoints.map((endpoint) => this.client(endpoint)));
  }

  static async start(url: string, token: string, clients: number): Promise<Load> {
    const opening = Array.from({ length: clients }, () => McpEndpoint.open(url, token));
    return new Load(await Promise.all(opening));
  }

  /** How many calls were answered so far. */
  get answered(): number {
    return this.asked.filter(({ status }) => status === 200).length;
  }

  async stop(): Promise<readonly Asked[]> {
    this.stopping.abort();
    await this.running;
    return this.asked;
  }

  private async client(endpoint: McpEndpoint): Promise<void> {
    while (!this.stopping.signal.aborted) {
      this.asked.push(await ask(endpoint, 5));
      await sleep(2);
    }
  }
}

/** Calls the tool `journal` once. */
export async function ask(endpoint: McpEndpoint, ms = 0): Promise<Asked> {
  const asked: Asked = { session: endpoint.sessionId!, mark: `mark-${randomUUID()}` };
  const startedAt = performance.now();
  try {
    const response = await endpoint.call(asked.mark, 'tools/call', {
      name: 'journal',
      arguments: { mark: asked.mark, ms },
    });
    const { status, headers } = response;
    const text = await response.text();
    Object.assign(asked, { status, retryAfter: headers.get('retry-after'), text });
  } catch {
    // Its status stays undefined: the connection broke.
  }
  asked.ms = performance.now() - startedAt;
  return asked;
}

/** The same on a session of `/sse`: its POST arrives at `url`, its reply on the stream. */
export async function askOnStream(url: string, session: RawSession, token: string, ms = 0): Promise<Asked> {
  const asked: Asked = { session: session.id, mark: `mark-${randomUUID()}` };
  const startedAt = performance.now();
  const params = { name: 'journal', arguments: { mark: asked.mark, ms } };
  const call = { jsonrpc: '2.0', id: asked.mark, method: 'tools/call', params };
  try {
    const response = await postAt({ url }, session, token, call);
    const text = await response.text();
    if (response.status !== 202) {
      return Object.assign(asked, {
        status: response.status,
        retryAfter: response.headers.get('retry-after'),
        text,
        ms: performance.now() - startedAt,
      });
    }
    let hasEnded = false;
    void session.ended.then(() => (hasEnded = true));
    const reply = () => session.messages.find(({ id }) => id === asked.mark);
    await until(() => hasEnded || reply() !== undefined);
    // Its status stays undefined where the stream broke.
    if (reply() !== undefined) Object.assign(asked, { status: 200, text: JSON.stringify(reply()) });
  } catch {
    // The connection broke.
  }
  return asked;
}
