import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { CALL_OUTCOMES } from '../../src/audit/index.js';
import {
  type McpResource,
  type McpTool,
  Resource,
  ResourceNotFoundError,
  Tool,
} from '../../src/mcp/index.js';
import { AuditFile } from '../support/audit-file.js';
import { ERAS } from '../support/eras/index.js';
import { Gate, GATED } from '../support/gate.tool.js';
import { McpEndpoint } from '../support/mcp-endpoint.js';
import { type LogEvent, RecordedLogs } from '../support/recorded-logs.js';
import { statelessCall } from '../support/eras/index.js';
import { startApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

@Tool({ name: 'breaks', description: 'Breaks.' })
class BreakingTool implements McpTool {
  execute(): string {
    throw new Error('broken', { cause: new Error('the cause') });
  }
}

@Resource({ name: 'order', uriTemplate: 'order://{id}' })
class OrderResource implements McpResource {
  read(): string {
    throw new ResourceNotFoundError();
  }
}

let audit: AuditFile;
let app: TestApp;
let logs: RecordedLogs;
beforeAll(async () => {
  audit = new AuditFile();
  const env = { AUDIT_LOG: audit.path };
  app = await startApp(env, [BreakingTool, OrderResource, ...GATED]);
  logs = RecordedLogs.of(app);
});
afterAll(async () => {
  await app.close();
  audit.remove();
});

const records = (): LogEvent[] => audit.records().filter(({ event }) => event === 'audit.call');

describe.each(ERAS)('$name', ({ connect }) => {
  it('one reference joins the record, the lines of the log and what the client sees of a call that broke', async () => {
    const client = await connect(app.url, await app.token());
    const before = records().length;
    const reply = JSON.stringify(
      await client.request('broken-id', 'tools/call', { name: 'breaks', arguments: {} }),
    );
    await until(() => records().length > before);
    const { reference, session, ...record } = records().at(-1)!;
    expect(record).toMatchObject({ outcome: 'error', target: 'breaks', subject: 'alice', ip: '127.0.0.1' });
    expect(reply).toContain(String(reference));
    const shared = { reference, session, subject: 'alice', requestId: 'broken-id', ip: '127.0.0.1' };
    expect(logs.events('call.failed').at(-1)).toMatchObject({
      ...shared,
      tool: 'breaks',
      err: expect.any(Error),
    });
    expect({ session: undefined, ...logs.events('call.ended').at(-1) }).toMatchObject({
      ...shared,
      outcome: 'error',
    });
    client.close();
  });

  it('a resource that its handler does not find is not_found', async () => {
    const client = await connect(app.url, await app.token());
    const before = records().length;
    await client.request('2', 'resources/read', { uri: 'order://17' });
    await until(() => records().length > before);
    expect(records().slice(before)).toMatchObject([
      { kind: 'resource', outcome: 'not_found', target: 'order://{id}' },
    ]);
    client.close();
  });

  it('a call whose parameters cannot be read is recorded too', async () => {
    const client = await connect(app.url, await app.token());
    const before = records().length;
    await client.request('3', 'prompts/get', { name: 'none', arguments: 5 });
    await until(() => records().length > before);
    expect(records().slice(before)).toMatchObject([
      { kind: 'prompt', outcome: 'invalid_arguments', subject: 'alice', requestId: '3' },
    ]);
    client.close();
  });
});

it('a stateless call whose client has closed the connection is cancelled', async () => {
  const endpoint = new McpEndpoint(app.url, await app.token());
  const params = { name: 'wait', arguments: { key: 'gone' } };
  const { body, headers } = statelessCall('gone', params);
  const leaving = new AbortController();
  const answer = endpoint.post(body, headers, leaving.signal).catch(() => undefined);
  await app.app.get(Gate, { strict: false }).held('gone');
  leaving.abort();
  await answer;
  await until(() => records().at(-1)?.['requestId'] === 'gone');
  expect(records().at(-1)).toMatchObject({ outcome: 'cancelled', subject: 'alice', target: 'wait' });
});

it('docs/audit.md tells of every outcome', () => {
  const guide = readFileSync(resolve('docs/audit.md'), 'utf8');
  expect(CALL_OUTCOMES.filter((outcome) => !guide.includes(`| \`${outcome}\` `))).toEqual([]);
});
