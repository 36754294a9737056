import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { once } from 'node:events';
import { Agent, type IncomingMessage, request as httpRequest } from 'node:http';
import { text } from 'node:stream/consumers';
import { statelessCall } from '../support/eras/index.js';
import { connectSdk, textOf } from '../support/sdk-client.js';
import { ServerProcess } from '../support/server-process.js';
import { takeToken } from '../support/test-app.js';
import { until } from '../support/until.js';

const SESSIONS = 20;

interface Reply {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: unknown;
}

/** A client that calls without a pause, with books kept of what was accepted and what was answered. */
class Caller {
  readonly accepted: number[] = [];
  readonly replies: Reply[] = [];
  wrong = 0;
  private constructor(private readonly client: Client) {
    const { transport } = client;
    const deliver = transport!.onmessage!;
    // oxlint-disable-next-line unicorn/prefer-add-event-listener -- a transport is no EventTarget
    transport!.onmessage = (message, extra) => {
      this.replies.push(message as Reply);
      deliver(message, extra);
    };
  }

  static async connect(url: string, token: string): Promise<Caller> {
    let caller: Caller | undefined = undefined;
    const watched: typeof fetch = async (input, init) => {
      const response = await fetch(input, init);
      const { id, method } = JSON.parse((init?.body as string | undefined) ?? '{}') as {
        id: number;
        method: string;
      };
      if (method === 'tools/call' && response.status === 202) caller?.accepted.push(id);
      return response;
    };
    caller = new Caller(await connectSdk(url, token, watched));
    return caller;
  }

  /** Calls until a call fails. */
  async run(): Promise<void> {
    for (let count = 0; ; count += 1) {
      const message = `message ${count}`;
      const result = await this.client
        .callTool({ name: 'echo', arguments: { message } })
        .catch(() => undefined);
      if (result === undefined) return;
      if (textOf(result) !== `Echo: ${message}`) this.wrong += 1;
    }
  }
}

it('every accepted call gets exactly one reply, though the server stops', async () => {
  const server = await ServerProcess.start({ NODE_ENV: 'development', LOG_LEVEL: 'info' });
  const token = await takeToken(server.url, 'alice', 'mcp:access');
  const callers = await Promise.all(
    Array.from({ length: SESSIONS }, () => Caller.connect(server.url, token)),
  );
  let running = SESSIONS;
  for (const caller of callers) void caller.run().then(() => (running -= 1));
  await until(() => callers.every(({ replies }) => replies.length >= 10));

  server.signal('SIGTERM');
  expect(await server.exited).toBe(0);
  // A caller stops when a call is refused; one whose accepted call is never answered would go on waiting.
  await until(() => running === 0);

  for (const { accepted, replies, wrong } of callers) {
    const answered = replies.filter(({ result, error }) => (result === undefined) !== (error === undefined));
    expect(answered.map(({ id }) => id)).toEqual(accepted);
    expect(accepted.length).toBeGreaterThanOrEqual(10);
    expect(wrong).toBe(0);
  }
  expect(server.events('session.closed')).toHaveLength(SESSIONS);
});

it('no request is cut on a connection that was open, though the server stops', async () => {
  const server = await ServerProcess.start({ NODE_ENV: 'development', LOG_LEVEL: 'info' });
  const token = await takeToken(server.url, 'alice', 'mcp:access');
  let answered = 0;
  const failures: unknown[] = [];
  /** Posts on one connection for as long as it lasts, and then on no other. */
  const run = async (): Promise<void> => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    try {
      for (let closes = false; !closes;) {
        const { status, connection } = await postModern(server.url, token, agent);
        if (status === 200) answered += 1;
        else if (status !== 503) failures.push(status);
        closes = connection === 'close';
      }
    } catch (error) {
      failures.push((error as { code?: string }).code);
    } finally {
      agent.destroy();
    }
  };
  const running = Promise.all(Array.from({ length: SESSIONS }, run));
  await until(() => answered >= 10 * SESSIONS);

  server.signal('SIGTERM');
  expect(await server.exited).toBe(0);
  await running;
  expect(failures).toEqual([]);
});

/** One request that belongs to no session. */
async function postModern(
  url: string,
  token: string,
  agent: Agent,
): Promise<{ status?: number | undefined; connection?: string | undefined }> {
  const { body, headers } = statelessCall(1, { name: 'echo', arguments: { message: 'hello' } });
  const request = httpRequest(`${url}/mcp`, {
    method: 'POST',
    agent,
    headers: {
      Authorization: `Bearer ${token}`,
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      ...headers,
    },
  });
  request.end(body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  await text(response);
  return { status: response.statusCode, connection: response.headers.connection };
}
