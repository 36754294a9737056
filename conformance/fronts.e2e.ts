import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CountTool } from '../test/support/count.tool.js';
import { textOf } from '../test/support/sdk-client.js';
import { startApp, type TestApp } from '../test/support/test-app.js';
import { until } from '../test/support/until.js';
import { send } from '../test/support/wire.js';
import { AuthorizingProxy } from '../src/testing/authorizing.proxy.ts';
import { SseAdapter } from './sse.adapter.ts';

describe('what stands between the conformance suite and the server', () => {
  let server: TestApp;
  let proxy: AuthorizingProxy;
  let adapter: SseAdapter;
  /** Stops everything that a test started, also if the test fails. */
  const toStop: { stop(): Promise<void> }[] = [];
  beforeAll(async () => {
    server = await startApp({}, [CountTool]);
    proxy = await AuthorizingProxy.start(server.url, await server.token());
    adapter = await SseAdapter.start(proxy.url);
  });
  afterEach(async () => {
    for (const one of toStop.splice(0)) await one.stop();
  });
  afterAll(async () => {
    await adapter.stop();
    await proxy.stop();
    await server.close();
  });

  it.each(['proxy', 'adapter'] as const)('%s: a client without a token calls tools', async (front) => {
    const client = new Client({ name: 'e2e', version: '1' });
    const { url } = { proxy, adapter }[front];
    toStop.push({ stop: () => client.close() });
    await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`)));
    expect(textOf(await client.callTool({ name: 'echo', arguments: { message: 'hi' } }))).toBe('Echo: hi');

    const progress: number[] = [];
    const counting = client.callTool({ name: 'count' }, undefined, {
      onprogress: (one) => progress.push(one.progress),
    });
    // The tool waits, so its notifications arrive before its reply.
    await until(() => progress.length === 2);
    CountTool.release();
    await counting;
    expect(progress.slice(0, 2)).toEqual([1, 2]);
  });

  it.each(['proxy', 'adapter'] as const)('%s: the server sees Host and Origin as sent', async (front) => {
    const { url } = { proxy, adapter }[front];
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params: {} });
    const sent = (headers: string[]) =>
      send(`${url}/mcp`, {
        method: 'POST',
        body,
        headers: [
          'Content-Type',
          'application/json',
          'Accept',
          'application/json, text/event-stream',
          ...headers,
        ],
      });

    const [host, origin] = [
      await sent(['Host', 'evil.example.com']),
      await sent(['Origin', 'http://evil.example.com']),
    ];

    expect([host.status, origin.status]).toEqual([403, 403]);
    expect([host.json, origin.json]).toMatchObject([{ error: 'invalid_host' }, { error: 'invalid_origin' }]);
  });

  it('adapter: a message arrives as it was written, either way', async () => {
    const seen: string[] = [];
    const text = '{"jsonrpc": "2.0",\t"id":7, "result" :{"odd":1e2}}';
    const scripted = createServer((request, response) => void script(request, response));
    let stream: ServerResponse;
    async function script(request: IncomingMessage, response: ServerResponse): Promise<void> {
      if (request.method === 'GET') {
        stream = response.writeHead(200, { 'Content-Type': 'text/event-stream' });
        stream.write('event: endpoint\ndata: /message?sessionId=one\n\n');
        return;
      }
      seen.push(`${request.url} ${Buffer.concat(await request.toArray()).toString()}`);
      // The reply arrives before the response to the POST.
      stream.write(`data: ${text}\n\n`);
      setTimeout(() => response.writeHead(202).end(), 50);
    }
    await new Promise<void>((listening) => scripted.listen(0, '127.0.0.1', listening));
    const front = await SseAdapter.start(`http://127.0.0.1:${(scripted.address() as AddressInfo).port}`);
    toStop.push(front, { stop: () => Promise.resolve(void scripted.close()) });
    const body = '{"id":7,  "method":"initialize"}';

    const response = await fetch(`${front.url}/mcp`, { method: 'POST', body });

    expect(await response.text()).toBe(`event: message\ndata: ${text}\n\n`);
    expect(response.headers.get('mcp-session-id')).toBe('one');
    expect(seen).toEqual([`/message?sessionId=one ${body}`]);
  });
});
