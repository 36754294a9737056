import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { Audit, type McpTool, Tool, ToolError, ToolRegistry } from '../../src/mcp/index.js';
import { McpEndpoint } from '../support/mcp-endpoint.js';
import { RawSession } from '../support/raw-session.js';
import { type Params, statelessCall } from '../support/eras/index.js';
import { startApp, type TestApp } from '../support/test-app.js';

type Line = Readonly<Record<string, unknown>>;

const payment = z.object({
  account: z.string(),
  card: z.object({ number: z.string(), kind: z.string() }),
});

@Tool({ name: 'pay', description: 'Pays.', input: payment })
@Audit({ redact: ['card.number'], include: ['account', 'card.kind', 'card.number'] })
class PayTool implements McpTool<typeof payment> {
  execute({ card }: z.infer<typeof payment>): string {
    if (card.kind === 'none') throw new ToolError('no such kind of card');
    if (card.kind === 'broken') throw new Error('not for the client');
    return 'paid';
  }
}

@Tool({ name: 'vault', description: 'Opens.', scopes: ['vault:open'], stepUp: true })
class VaultTool implements McpTool {
  execute(): string {
    return 'open';
  }
}

@Tool({ name: 'secret', description: 'Is not for everyone.', scopes: ['secret'] })
class SecretTool implements McpTool {
  execute(): string {
    return 'secret';
  }
}

@Tool({ name: 'dear', description: 'Is not to be had often.', rateLimit: '1/1d' })
class DearTool implements McpTool {
  execute(): string {
    return 'here you are';
  }
}

@Tool({ name: 'quiet', description: 'Leaves no trace.', scopes: ['quiet'], stepUp: true, rateLimit: '1/1d' })
@Audit(false)
class QuietTool implements McpTool {
  execute(): string {
    return '';
  }
}

const TOOLS = [PayTool, VaultTool, SecretTool, DearTool, QuietTool];
const NUMBER = '4111111111111111';
const pay = (kind = 'visa', number = NUMBER, account = 'A-1') => ({
  name: 'pay',
  arguments: { account, card: { number, kind } },
});

const dearCall = (id: number) => ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'dear' } });

let app: TestApp;
let directory: string;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'audit-e2e-'));
  app = await startApp({ AUDIT_LOG: join(directory, 'audit.jsonl') }, TOOLS);
});
afterEach(async () => {
  await app.close();
  rmSync(directory, { recursive: true });
});

const text = (): string => readFileSync(join(directory, 'audit.jsonl'), 'utf8');
const records = (event = 'audit.call'): Line[] =>
  text()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)
    .filter((line) => line['event'] === event);

/** A session of a revision that has them, and one request of the revision that has none. */
const ERAS: readonly (readonly [
  string,
  string | undefined,
  (
    token: string,
  ) => Promise<(id: number | string, params: Params & { readonly name: string }) => Promise<unknown>>,
])[] = [
  [
    '/sse',
    '2024-11-05',
    async (token) => {
      const session = await RawSession.open(app.url, token);
      return (id, params) => session.request(id, 'tools/call', params).catch(String);
    },
  ],
  [
    '/mcp, 2025-11-25',
    '2025-11-25',
    async (token) => {
      const endpoint = await McpEndpoint.open(app.url, token, '2025-11-25');
      return async (id, params) => (await endpoint.call(id, 'tools/call', params)).text();
    },
  ],
  [
    '/mcp, 2026-07-28',
    '2026-07-28',
    async (token) => {
      const endpoint = new McpEndpoint(app.url, token);
      return async (id, params) => {
        const { body, headers } = statelessCall(id, params);
        return (await endpoint.post(body, headers)).text();
      };
    },
  ],
];

describe.each(ERAS)('%s', (_era, protocolVersion, connect) => {
  it('leaves one record of each call, and of each that was refused', async () => {
    const call = await connect(await app.token('alice'));
    await call('one', pay());
    await call(2, pay('none'));
    await call(3, pay('broken'));
    await call(4, { name: 'pay', arguments: { account: 5 } });
    await call(5, { name: 'secret' });
    await call(6, { name: 'no-such-tool' });
    await call(7, { name: 'vault' });
    await call(8, { name: 'dear' });
    await call(9, { name: 'dear' });
    const session = protocolVersion === '2026-07-28' ? undefined : expect.stringMatching(/^[\w-]{12}$/);
    const who = {
      subject: 'alice',
      issuer: 'urn:mcp-server:development',
      clientId: '',
      tokenId: expect.stringMatching(/^[\w-]{43}$/),
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      kind: 'tool',
      protocolVersion,
      session,
      ip: '127.0.0.1',
    };
    const reference = expect.stringMatching(/^[\w-]{36}$/);
    const begun = { ...who, reference };
    const ran = {
      ...begun,
      durationMs: expect.any(Number),
      argumentHash: expect.stringMatching(/^[\w-]{43}$/),
    };
    const paid = { ...ran, target: 'pay' };
    const { protocolVersion: _none, ...stateless } = who;
    const limited = session === undefined ? stateless : who;
    expect(records()).toEqual(
      [
        { ...paid, requestId: 'one', outcome: 'ok', arguments: { account: 'A-1', 'card.kind': 'visa' } },
        { ...paid, requestId: 2, outcome: 'tool_error', arguments: { account: 'A-1', 'card.kind': 'none' } },
        { ...paid, requestId: 3, outcome: 'error', arguments: { account: 'A-1', 'card.kind': 'broken' } },
        { ...paid, requestId: 4, outcome: 'invalid_arguments', arguments: { account: 5 } },
        { ...begun, requestId: 5, outcome: 'hidden', target: 'secret' },
        { ...begun, requestId: 6, outcome: 'unknown' },
        { ...who, requestId: 7, outcome: 'insufficient_scope', target: 'vault' },
        { ...ran, requestId: 8, outcome: 'ok', target: 'dear' },
        { ...limited, requestId: 9, outcome: 'rate_limited', target: 'dear' },
      ].map((record) => ({ event: 'audit.call', ...withoutUndefined(record) })),
    );
    // The guard's own record of the step-up has the address.
    expect(records('audit.decision')).toMatchObject([
      { decision: 'issued', subject: 'alice' },
      { decision: 'refused', code: 'insufficient_scope', subject: 'alice', ip: '127.0.0.1' },
      { decision: 'refused', code: 'rate_limited', subject: 'alice', ip: '127.0.0.1' },
    ]);
  });

  it('has the same hash for the same arguments, and none of what is redacted', async () => {
    const call = await connect(await app.token());
    await call(1, pay());
    await call(2, { name: 'pay', arguments: { card: { kind: 'visa', number: NUMBER }, account: 'A-1' } });
    await call(3, pay('visa', '5500000000000004'));
    await call(4, pay('visa', NUMBER, 'A-2'));
    const [first, ...others] = records().map(({ argumentHash }) => argumentHash);
    expect(others.map((hash) => hash === first)).toEqual([true, true, false]);
    // References and digests are random, and may contain the same digits.
    expect(text().replaceAll(/"(?:reference|session|tokenId|argumentHash)":"[^"]*"/g, '')).not.toMatch(
      /4111|5500/,
    );
  });

  it('leaves none of a tool that is not to be recorded, also where it is refused', async () => {
    const call = await connect(await app.token('alice', 'mcp:access quiet'));
    await call(1, { name: 'quiet' });
    await call(2, { name: 'quiet' });
    const other = await connect(await app.token('bob'));
    await other(3, { name: 'quiet' });
    expect(records()).toEqual([]);
  });
});

it('has each call of a batch that is refused', async () => {
  const endpoint = await McpEndpoint.open(app.url, await app.token(), '2025-03-26');
  expect((await endpoint.post([dearCall(1), { ...dearCall(2), method: 'ping' }, dearCall(3)])).status).toBe(
    429,
  );
  expect(records().map(({ requestId, outcome }) => [requestId, outcome])).toEqual([
    [1, 'rate_limited'],
    [3, 'rate_limited'],
  ]);
});

it('heeds @Audit on the class of a tool that is added while the server runs', async () => {
  const registry = app.app.get(ToolRegistry, { strict: false });
  registry.add({ name: 'later', description: 'Pays.', input: payment }, new PayTool());
  registry.add({ name: 'unseen', description: 'Leaves no trace.' }, new QuietTool());
  const endpoint = await McpEndpoint.open(app.url, await app.token());
  await endpoint.request(1, 'tools/call', { ...pay(), name: 'later' });
  await endpoint.request(2, 'tools/call', { name: 'unseen' });
  expect(records()).toMatchObject([{ target: 'later', arguments: { account: 'A-1', 'card.kind': 'visa' } }]);
});

it('has what was answered before the answer is there, and is off unless it is asked for', async () => {
  const silent = await startApp({ AUDIT_LOG: 'off' }, TOOLS);
  const [recorded, unrecorded] = [
    await McpEndpoint.open(app.url, await app.token()),
    await McpEndpoint.open(silent.url, await silent.token()),
  ];
  for (let id = 1; id <= 20; id += 1) {
    await unrecorded.request(id, 'tools/call', { name: 'test' });
    await recorded.request(id, 'tools/call', { name: 'test' });
    expect(records()).toHaveLength(id);
  }
  await silent.close();
});

it('is refused at start where @Audit is wrong', async () => {
  @Tool({ name: 'wrong', description: 'Is wired wrong.' })
  @Audit({ redact: 'password' as never })
  class WrongTool extends VaultTool {}
  await expect(startApp({}, [WrongTool])).rejects.toThrow(/^Class WrongTool: @Audit takes false/);
});

function withoutUndefined(record: object): object {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));
}
