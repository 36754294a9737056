import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import type { Request, Response } from 'express';
import { once } from 'node:events';
import { z } from 'zod';
import { RevocationStore } from '../../src/backplane/index.js';
import { type McpTool, SessionService, Tool, type CallContext } from '../../src/mcp/index.js';
import { Gate } from '../support/gate.tool.js';
import { eventsOf, McpEndpoint, type NumberedEvent } from '../support/mcp-endpoint.js';
import { RecordedLogs } from '../support/recorded-logs.js';
import { startApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

const input = z.object({ key: z.string() });

@Tool({ name: 'late-progress', description: 'Says nothing before it is let go.', input })
class LateProgressTool implements McpTool<typeof input> {
  constructor(private readonly gate: Gate) {}

  async execute({ key }: z.infer<typeof input>, context: CallContext): Promise<string> {
    const text = await this.gate.hold(key, context.signal);
    context.progress(1);
    return text;
  }
}

/** Holds a marked request until its client has left, and then lets it through. */
@Injectable()
class SlowGuard implements CanActivate {
  static reached = 0;
  static passed = 0;

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    if (http.getRequest<Request>().headers['x-held'] === undefined) return true;
    SlowGuard.reached += 1;
    await once(http.getResponse<Response>(), 'close');
    SlowGuard.passed += 1;
    return true;
  }
}

let app: TestApp;
let gate: Gate;
let logs: RecordedLogs;
let sessions: SessionService;
let endpoint: McpEndpoint;

beforeAll(async () => {
  app = await startApp({}, [Gate, LateProgressTool, { provide: APP_GUARD, useClass: SlowGuard }]);
  gate = app.app.get(Gate, { strict: false });
  logs = RecordedLogs.of(app);
  sessions = app.app.get(SessionService, { strict: false });
});

beforeEach(async () => {
  endpoint = await McpEndpoint.open(app.url, await app.token());
});

afterAll(() => app.close());

const session = () => sessions.list().find(({ id }) => id === endpoint.sessionId)!;

/** Has a request begun, and its client gone, before anything is done for it. */
async function leaveBehind(begin: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
  const { reached, passed } = SlowGuard;
  const leave = new AbortController();
  const begun = begin(leave.signal).catch(() => undefined);
  await until(() => SlowGuard.reached > reached);
  leave.abort();
  await begun;
  await until(() => SlowGuard.passed > passed);
  // The controller begins its work at once: it has begun before the next request is answered.
  await (await fetch(`${app.url}/health/live`)).text();
}

/** Resolves when the next request's connection has ended. */
const nextClosed = () =>
  new Promise<void>((resolve) => {
    const server = app.app.getHttpServer();
    server.once('request', (_request: Request, response: Response) => response.once('close', resolve));
  });

const held = (more: Record<string, string> = {}) => ({ 'X-Held': 'yes', ...more });

describe('a client that has left before its stream was there', () => {
  it('of GET /mcp leaves none in its session', async () => {
    await leaveBehind((signal) => endpoint.get(held(), signal));
    expect(session().streams.size).toBe(0);
  });

  it('of GET /mcp, for the rest of an earlier one, leaves none in its session', async () => {
    const events = eventsOf(await endpoint.get());
    const { id } = (await events.next()).value as NumberedEvent;
    await events.return(undefined);
    await until(() => session().streams.size === 0);
    await leaveBehind((signal) => endpoint.get(held({ 'Last-Event-ID': id }), signal));
    expect(session().streams.size).toBe(0);
  });

  it('of GET /sse leaves no session', async () => {
    const before = sessions.size;
    const headers = held({ Authorization: `Bearer ${await app.token()}` });
    await leaveBehind((signal) => fetch(`${app.url}/sse`, { headers, signal }));
    await until(() => logs.endings.includes('client_disconnected'));
    expect(sessions.size).toBe(before);
  });

  it('of a request of 2026-07-28 leaves no visit, and nothing is done for it', async () => {
    const params = {
      name: 'late-progress',
      arguments: { key: 'unheard' },
      _meta: {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientCapabilities': {},
      },
    };
    const headers = {
      'MCP-Protocol-Version': '2026-07-28',
      'Mcp-Method': 'tools/call',
      'Mcp-Name': 'late-progress',
    };
    const stateless = new McpEndpoint(app.url, await app.token('slow'));
    const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params };
    const before = sessions.peers().length;
    const closed = nextClosed();
    // Asked by the guard, and again when the body is there: that takes its time, as it may with a distant store.
    let asked = 0;
    const store = app.app.get<RevocationStore>(RevocationStore, { strict: false });
    jest.spyOn(store, 'isRevoked').mockImplementation(() => {
      asked += 1;
      return asked < 2 ? false : closed.then(() => false);
    });
    const leave = new AbortController();
    const call = stateless.post(message, headers, leave.signal).catch(() => undefined);
    await until(() => asked === 2);
    leave.abort();
    await Promise.all([call, closed]);
    jest.restoreAllMocks();
    await (await fetch(`${app.url}/health/live`)).text();
    expect(sessions.peers()).toHaveLength(before);
    expect(gate.isHeld('unheard')).toBe(false);
  });

  it('of a call leaves no request in its session, also when the call sends messages later', async () => {
    const leave = new AbortController();
    const params = { name: 'late-progress', arguments: { key: 'k' }, _meta: { progressToken: 'p' } };
    const closed = nextClosed();
    const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params };
    const call = endpoint.post(message, {}, leave.signal).catch(() => undefined);
    const waiting = await gate.held('k');
    leave.abort();
    await Promise.all([call, closed]);
    waiting.release('no client receives it');
    await until(() => logs.events('call.ended').length === 1);
    await until(() => session().streams.size === 0);
    await until(() => session().idleSince !== undefined);
    expect(session().calls.size).toBe(0);
  });
});
