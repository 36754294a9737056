import { expectNoInsides } from '../support/envelopes.js';
import { encoded, ENVELOPE, type Params, StatelessClient, statelessRequest } from '../support/eras/index.js';
import { tokenOf } from '../support/forge.js';
import { startApp, type TestApp } from '../support/test-app.js';
import type { Answer } from '../support/wire.js';
import { RoutedTool, RoutedVaultTool } from '../fixtures/routed.tools.js';

const MISMATCH = -32020;
const SENTINEL = (text: string | Uint8Array): string => `=?base64?${Buffer.from(text).toString('base64')}?=`;
const CANARY = 'canary-value';

let app: TestApp;
let client: StatelessClient;
let tool: RoutedTool;
beforeAll(async () => {
  app = await startApp({}, [RoutedTool, RoutedVaultTool]);
  tool = app.app.get(RoutedTool);
  client = await StatelessClient.connect(app.url, tokenOf('alice'));
});
afterAll(() => app.close());

type Overrides = readonly string[];
const CALL = statelessRequest('call', 'tools/call', { name: 'routed', arguments: {} });

/** The call is refused for its headers, and has not been run. */
function expectMismatch(answer: Answer, runs: number): void {
  expect([answer.status, answer.json]).toEqual([
    400,
    {
      jsonrpc: '2.0',
      id: 'call',
      error: { code: MISMATCH, message: expect.stringMatching(/^Header mismatch: /) },
    },
  ]);
  expect(answer.headers['content-type']).toBe('application/json');
  expect(answer.text).not.toContain(CANARY);
  expectNoInsides(answer);
  expect(tool.runs).toBe(runs);
}

describe('a request whose headers say something else than its body is refused, and not run', () => {
  const wrong: readonly (readonly [string, Overrides])[] = [
    ['another method', ['Mcp-Method', 'tools/list']],
    ['the method in capitals', ['Mcp-Method', 'TOOLS/CALL']],
    ['more than the method', ['Mcp-Method', 'tools/call, tools/list']],
    ['an empty method', ['Mcp-Method', '']],
    ['the method in base64', ['Mcp-Method', SENTINEL('tools/call')]],
    ['the method twice', ['Mcp-Method', 'tools/call', 'Mcp-Method', 'tools/call']],
    ['two methods', ['Mcp-Method', 'tools/call', 'mcp-method', 'tools/list']],
    ['two methods, the good one last', ['Mcp-Method', 'tools/list', 'Mcp-Method', 'tools/call']],
    ['another name', ['Mcp-Name', CANARY]],
    ['the name in capitals', ['Mcp-Name', 'ROUTED']],
    ['an empty name', ['Mcp-Name', '']],
    ['the name twice', ['Mcp-Name', 'routed', 'Mcp-Name', 'routed']],
    ['two names', ['Mcp-Name', 'routed', 'Mcp-Name', 'echo']],
    ['another name in base64', ['Mcp-Name', SENTINEL('echo')]],
    ['the name in base64, and more', ['Mcp-Name', SENTINEL('routed ')]],
    ['the name in base64 twice over', ['Mcp-Name', SENTINEL(SENTINEL('routed'))]],
    ['base64 that is none', ['Mcp-Name', '=?base64?cm91!!!dGVk?=']],
    ['base64 without its end', ['Mcp-Name', '=?base64?cm91dGVk']],
    ['base64 that lacks its padding', ['Mcp-Name', '=?base64?cm91dGVkIA?=']],
    ['base64 in the letters of URLs', ['Mcp-Name', '=?base64?_-_-?=']],
    ['a mark in capitals', ['Mcp-Name', '=?BASE64?cm91dGVk?=']],
    ['a mark of RFC 2047', ['Mcp-Name', '=?utf-8?B?cm91dGVk?=']],
    ['a name that no header can have', ['Mcp-Name', 'rout\u00e9d']],
    ['an older version', ['Mcp-Protocol-Version', '2025-11-25']],
    ['a later version', ['Mcp-Protocol-Version', '2027-01-01']],
    ['the version twice', ['Mcp-Protocol-Version', '2026-07-28', 'Mcp-Protocol-Version', '2026-07-28']],
    ['an empty version', ['Mcp-Protocol-Version', '']],
  ];
  it.each(wrong)('%s', async (_what, headers) => {
    const { runs } = tool;
    expectMismatch(await client.send(CALL, { headers }), runs);
  });

  it.each(['Mcp-Method', 'Mcp-Name', 'Mcp-Protocol-Version'])('without %s', async (name) => {
    const { runs } = tool;
    expectMismatch(await client.send(CALL, { without: [name] }), runs);
  });

  it('the server refuses a name in base64 whose bytes are not UTF-8', async () => {
    const body = statelessRequest('call', 'tools/call', { name: '\ufffd' });
    const { runs } = tool;
    expectMismatch(await client.send(body, { headers: ['Mcp-Name', SENTINEL(Uint8Array.of(0xff))] }), runs);
  });
});

describe('headers that say the same are right', () => {
  it.each([
    ['with blanks around', ['Mcp-Name', '  routed\t']],
    ['in base64', ['Mcp-Name', SENTINEL('routed')]],
    ['under names in lower case', ['mcp-name', 'routed', 'mcp-method', 'tools/call']],
    ['under names in capitals', ['MCP-NAME', 'routed', 'MCP-METHOD', 'tools/call']],
    ['beside others', ['Mcp-Param-Nothing', 'x', 'Mcp-Other', 'x']],
  ])('%s', async (_what, headers) => {
    const { runs } = tool;
    expect((await client.send(CALL, { headers })).json).toMatchObject({ id: 'call', result: {} });
    expect(tool.runs).toBe(runs + 1);
  });

  it('a name is not asked for where the method has none', async () => {
    const list = statelessRequest('list', 'tools/list');
    expect((await client.send(list, { headers: ['Mcp-Name', 'x'] })).json).toMatchObject({ result: {} });
  });
});

const callWith = (args: Params, name = 'routed'): string =>
  statelessRequest('call', 'tools/call', { name, arguments: args, _meta: ENVELOPE });

describe('arguments that are repeated as headers', () => {
  const right: readonly (readonly [string, Params, Overrides])[] = [
    ['none, and no header', {}, []],
    ['as it is', { region: 'us-west1' }, ['Mcp-Param-Region', 'us-west1']],
    ['in lower case', { region: 'us-west1' }, ['mcp-param-region', 'us-west1']],
    ['in base64', { region: 'us-west1' }, ['Mcp-Param-Region', SENTINEL('us-west1')]],
    ['not ASCII', { region: 'Zürich 漢字' }, ['Mcp-Param-Region', encoded('Zürich 漢字')]],
    ['blanks around', { region: ' padded ' }, ['Mcp-Param-Region', SENTINEL(' padded ')]],
    ['line breaks', { region: 'a\r\nX-Injected: 1' }, ['Mcp-Param-Region', encoded('a\r\nX-Injected: 1')]],
    ['what looks like base64', { region: '=?base64?x?=' }, ['Mcp-Param-Region', encoded('=?base64?x?=')]],
    ['half a mark', { region: '=?base64?SGVsbG8=' }, ['Mcp-Param-Region', '=?base64?SGVsbG8=']],
    ['an empty text', { region: '' }, ['Mcp-Param-Region', '']],
    ['a number', { shard: 42 }, ['Mcp-Param-Shard', '42']],
    ['a number, written otherwise', { shard: 42 }, ['Mcp-Param-Shard', '42.0']],
    ['a negative number', { shard: -7 }, ['Mcp-Param-Shard', '-7']],
    ['true', { dry: true }, ['Mcp-Param-Dry', 'true']],
    ['false', { dry: false }, ['Mcp-Param-Dry', 'false']],
    ['one in another', { tenant: { id: 'acme' } }, ['Mcp-Param-Tenant-Id', 'acme']],
  ];
  it.each(right)('are right: %s', async (_what, args, headers) => {
    const { runs } = tool;
    const { json } = await client.send(callWith(args), { headers });
    expect(json).toMatchObject({ result: { content: [{ text: JSON.stringify(args) }] } });
    expect(tool.runs).toBe(runs + 1);
  });

  it('that are null have no header: what is wrong with them is the tool’s to say', async () => {
    const { json } = await client.send(callWith({ region: null }));
    expect(json).toMatchObject({ result: { isError: true } });
  });

  const wrong: readonly (readonly [string, Params, Overrides])[] = [
    ['no header', { region: CANARY }, []],
    ['no argument', {}, ['Mcp-Param-Region', CANARY]],
    ['null', { region: null }, ['Mcp-Param-Region', 'null']],
    ['another value', { region: 'eu' }, ['Mcp-Param-Region', CANARY]],
    ['another case', { region: 'eu' }, ['Mcp-Param-Region', 'EU']],
    ['twice', { region: 'eu' }, ['Mcp-Param-Region', 'eu', 'Mcp-Param-Region', 'eu']],
    ['two values', { region: 'eu' }, ['Mcp-Param-Region', 'eu', 'Mcp-Param-Region', 'us']],
    ['two values that are one', { region: 'eu, us' }, ['Mcp-Param-Region', 'eu', 'Mcp-Param-Region', 'us']],
    ['letters that no header can have', { region: 'é' }, ['Mcp-Param-Region', 'é']],
    ['UTF-8 as it is', { region: 'é' }, ['Mcp-Param-Region', Buffer.from('é').toString('latin1')]],
    ['no padding', { region: 'Hello' }, ['Mcp-Param-Region', '=?base64?SGVsbG8?=']],
    ['no base64', { region: 'Hello' }, ['Mcp-Param-Region', '=?base64?SGVs!!!bG8=?=']],
    ['no UTF-8', { region: '\ufffd' }, ['Mcp-Param-Region', SENTINEL(Uint8Array.of(0xff))]],
    ['a mark as it is', { region: '=?base64?eA==?=' }, ['Mcp-Param-Region', '=?base64?eA==?=']],
    ['another number', { shard: 42 }, ['Mcp-Param-Shard', '43']],
    ['a number for those who read hexadecimal', { shard: 42 }, ['Mcp-Param-Shard', '0x2a']],
    ['a number with an exponent', { shard: 10 }, ['Mcp-Param-Shard', '1e1']],
    ['no number', { shard: 0 }, ['Mcp-Param-Shard', '']],
    ['a truth in capitals', { dry: true }, ['Mcp-Param-Dry', 'TRUE']],
    ['a number for a truth', { dry: true }, ['Mcp-Param-Dry', '1']],
    ['a list for a text', { region: ['eu'] }, ['Mcp-Param-Region', 'eu']],
    ['an object for a text', { region: { toString: 'eu' } }, ['Mcp-Param-Region', '[object Object]']],
    ['another in another', { tenant: { id: 'acme' } }, ['Mcp-Param-Tenant-Id', 'other']],
    ['an inherited one', JSON.parse('{"__proto__":{"region":"eu"}}') as Params, ['Mcp-Param-Region', 'eu']],
  ];
  it.each(wrong)('are wrong: %s', async (_what, args, headers) => {
    const { runs } = tool;
    expectMismatch(await client.send(callWith(args), { headers }), runs);
  });

  it('of a tool that is not for the caller are not asked for: nothing tells of it', async () => {
    const [hidden, missing] = await Promise.all(
      ['routed-vault', 'no-such-tool'].map((name) => client.send(callWith({ region: 'eu' }, name))),
    );
    expect([hidden!.status, hidden!.json]).toEqual([missing!.status, missing!.json]);
    expect(hidden!.json).toMatchObject({ error: { code: -32602 } });
  });
});
