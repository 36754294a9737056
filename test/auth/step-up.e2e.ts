import {
  auth,
  Client,
  ClientCredentialsProvider,
  SSEClientTransport,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from '@modelcontextprotocol/client';
import { decodeJwt } from 'jose';
import { freePort } from '../../src/backplane/fixtures/free-port.fixture.js';
import { type McpTool, Tool } from '../../src/mcp/index.js';
import { CLIENT, IdentityProvider, newKey } from '../support/identity-provider.js';
import { Person } from '../support/person.js';
import { textOf } from '../support/sdk-client.js';
import { startApp, type TestApp } from '../support/test-app.js';

@Tool({ name: 'vault', description: 'Opens the vault.', scopes: ['vault:open'], stepUp: true })
class VaultTool implements McpTool {
  execute(): string {
    return 'open';
  }
}

@Tool({
  name: 'never',
  description: 'Needs a scope that no user has.',
  scopes: ['never:granted'],
  stepUp: true,
})
class NeverTool implements McpTool {
  execute(): string {
    return 'impossible';
  }
}

let app: TestApp;
let identityProvider: IdentityProvider;
/** What the server was asked and answered, in order. */
let answers: { readonly status: number; readonly challenge: string | null; readonly method: string }[];
let clients: Client[];

beforeAll(async () => {
  identityProvider = await IdentityProvider.start([await newKey('ES256', 'one')], true);
  const port = await freePort();
  // Clients compare the address that they know with the one that the server says it has.
  app = await startApp(
    {
      PUBLIC_URL: `http://127.0.0.1:${port}`,
      AUTH_ISSUERS: JSON.stringify([{ issuer: identityProvider.issuer }]),
    },
    [VaultTool, NeverTool],
    [],
    port,
  );
});
afterAll(async () => {
  await app.close();
  await identityProvider.down();
});
beforeEach(() => {
  answers = [];
  clients = [];
  identityProvider.asked.length = 0;
});
afterEach(() => Promise.all(clients.map((client) => client.close())));

const provider = (): ClientCredentialsProvider =>
  new ClientCredentialsProvider({
    clientId: CLIENT.client_id,
    clientSecret: CLIENT.client_secret,
    expectedIssuer: identityProvider.issuer,
  });

const watched: typeof fetch = async (input, init) => {
  const response = await fetch(input, init);
  if (new URL(response.url).origin === app.url) {
    const challenge = response.headers.get('www-authenticate');
    answers.push({ status: response.status, challenge, method: init?.method ?? 'GET' });
  }
  return response;
};

async function connected(
  transport: Parameters<Client['connect']>[0],
  mode: 'legacy' | 'auto' = 'legacy',
): Promise<Client> {
  const client = new Client({ name: 'e2e-step-up', version: '1' }, { versionNegotiation: { mode } });
  clients.push(client);
  await client.connect(transport);
  return client;
}

const scopesOf = (authProvider: ClientCredentialsProvider): unknown =>
  decodeJwt(authProvider.tokens()!.access_token)['scope'];
const tokensAsked = (): number => identityProvider.asked.filter((path) => path === '/token').length;
const challenges = (status: number): (string | null)[] =>
  answers.filter((answer) => answer.status === status).map(({ challenge }) => challenge);
const insufficientScope = (path: string, scope: string): string =>
  `Bearer resource_metadata="${app.url}/.well-known/oauth-protected-resource${path}", scope="${scope}", ` +
  'error="insufficient_scope", error_description="The token lacks a scope that this operation needs"';

describe.each([
  ['2025-11-25', 'legacy'],
  ['2026-07-28', 'auto'],
] as const)('SDK v2 on /mcp, %s', (version, mode) => {
  let authProvider: ClientCredentialsProvider;
  let client: Client;

  beforeEach(async () => {
    authProvider = provider();
    const url = new URL(`${app.url}/mcp`);
    client = await connected(new StreamableHTTPClientTransport(url, { authProvider, fetch: watched }), mode);
  });

  it('has come in by the challenge of the 401, with the scope that it names', () => {
    expect(client.getNegotiatedProtocolVersion()).toBe(version);
    expect(challenges(401)[0]).toContain('scope="mcp:access"');
    expect(scopesOf(authProvider)).toBe('mcp:access');
    expect(tokensAsked()).toBe(1);
  });

  it('is led through the step-up by one 403, and its call is answered', async () => {
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain('vault');
    expect(textOf(await client.callTool({ name: 'vault' }))).toBe('open');
    expect(challenges(403)).toEqual([insufficientScope('/mcp', 'mcp:access vault:open')]);
    expect(scopesOf(authProvider)).toBe('mcp:access vault:open');
    expect(tokensAsked()).toBe(2);
    // The token that was widened is good for everything from then on, in the same session.
    expect(textOf(await client.callTool({ name: 'vault' }))).toBe('open');
    expect(textOf(await client.callTool({ name: 'test' }))).toBe('Security check successful');
    expect([challenges(403).length, challenges(404).length, tokensAsked()]).toEqual([1, 0, 2]);
  });

  it('reports a refusal and stops asking, where the provider does not grant the scope', async () => {
    await expect(client.callTool({ name: 'never' })).rejects.toThrow();
    expect(challenges(403).length).toBeLessThanOrEqual(2);
    expect(new Set(challenges(403))).toEqual(
      new Set([insufficientScope('/mcp', 'mcp:access never:granted')]),
    );
    expect(textOf(await client.callTool({ name: 'test' }))).toBe('Security check successful');
  });
});

it.each(['legacy', 'auto'] as const)(
  'SDK v2 asks the user to agree to more scopes, and then calls in the same session (version negotiation: %s)',
  async (mode) => {
    const person = new Person('alice', identityProvider.issuer);
    const url = new URL(`${app.url}/mcp`);
    const transport = () => new StreamableHTTPClientTransport(url, { authProvider: person, fetch: watched });
    const first = transport();
    await expect(connected(first, mode)).rejects.toThrow(UnauthorizedError);
    await first.finishAuth(await person.consent());
    const second = transport();
    const client = await connected(second, mode);
    expect(textOf(await client.callTool({ name: 'test' }))).toBe('Security check successful');

    await expect(client.callTool({ name: 'vault' })).rejects.toThrow(UnauthorizedError);
    expect(challenges(403)).toEqual([insufficientScope('/mcp', 'mcp:access vault:open')]);
    await second.finishAuth(await person.consent());
    expect(textOf(await client.callTool({ name: 'vault' }))).toBe('open');
    expect(person.askedFor).toEqual(['mcp:access', 'mcp:access vault:open']);
    expect(decodeJwt(person.tokens()!.access_token)).toMatchObject({
      sub: 'alice',
      scope: 'mcp:access vault:open',
    });
    expect(challenges(404)).toEqual([]);
  },
);

it('SDK v2 on /sse, whose transport has no step-up, calls in its session with a token of more scopes', async () => {
  const authProvider = provider();
  const url = new URL(`${app.url}/sse`);
  await auth(authProvider, { serverUrl: url, scope: 'mcp:access' });
  const client = await connected(new SSEClientTransport(url, { authProvider, fetch: watched }));
  await expect(client.callTool({ name: 'vault' })).rejects.toThrow('insufficient_scope');
  const wanted = 'mcp:access vault:open';
  expect(challenges(403)).toEqual([insufficientScope('/sse', wanted)]);
  await auth(authProvider, { serverUrl: url, scope: wanted, forceReauthorization: true });
  expect(textOf(await client.callTool({ name: 'vault' }))).toBe('open');
  expect(scopesOf(authProvider)).toBe(wanted);
  expect(answers.filter(({ method }) => method === 'GET')).toHaveLength(1);
});
