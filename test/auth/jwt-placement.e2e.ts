import { expectChallenge, expectNothingOf } from '../support/envelopes.js';
import { type EraClient, ERAS } from '../support/eras/index.js';
import { CANARY, forge } from '../support/forge.js';
import { startApp, type TestApp } from '../support/test-app.js';
import { type Answer, send } from '../support/wire.js';

interface Placement {
  readonly headers?: (token: string) => readonly string[];
  readonly query?: (token: string) => string;
  /** The error that the challenge names; none where no bearer token was sent. */
  readonly error?: 'invalid_token' | 'invalid_request';
}

const authorization = (value: string): readonly string[] => ['Authorization', value];
const good = (token: string): readonly string[] => authorization(`Bearer ${token}`);

const PLACEMENTS: Readonly<Record<string, Placement>> = {
  'two headers, both good': { headers: (t) => [...good(t), ...good(t)], error: 'invalid_request' },
  'two headers, the second another scheme': {
    headers: (t) => [...good(t), 'AUTHORIZATION', 'Basic eDp5'],
    error: 'invalid_request',
  },
  'scheme Basic': { headers: (t) => authorization(`Basic ${t}`) },
  'scheme DPoP': { headers: (t) => authorization(`DPoP ${t}`) },
  'scheme Digest': { headers: (t) => authorization(`Digest ${t}`) },
  'scheme JWT': { headers: (t) => authorization(`JWT ${t}`) },
  'scheme Bearer2': { headers: (t) => authorization(`Bearer2 ${t}`) },
  'no scheme': { headers: (t) => authorization(t) },
  'an empty header': { headers: () => authorization('') },
  'a scheme alone': { headers: () => authorization('Bearer'), error: 'invalid_token' },
  'a trailing word': { headers: (t) => authorization(`Bearer ${t} more`), error: 'invalid_token' },
  'a second token after a comma': {
    headers: (t) => authorization(`Bearer ${t}, Bearer ${t}`),
    error: 'invalid_token',
  },
  'a tab between': { headers: (t) => authorization(`Bearer \t${t}`), error: 'invalid_token' },
  'quotes around': { headers: (t) => authorization(`Bearer "${t}"`), error: 'invalid_token' },
  'a name before': { headers: (t) => authorization(`Bearer token="${t}"`), error: 'invalid_token' },
  'letters that are not ASCII': { headers: (t) => authorization(`Bearer é${t}`), error: 'invalid_token' },
  'characters that make a slow pattern backtrack': {
    headers: () => authorization(`Bearer ${' '.repeat(3_000)}${'='.repeat(3_000)}${'a'.repeat(3_000)}!`),
    error: 'invalid_token',
  },
  'over 8 KB': { headers: () => authorization(`Bearer ${'a'.repeat(8_193)}`), error: 'invalid_token' },
  'the query': { query: (t) => `access_token=${t}`, error: 'invalid_request' },
  'the query beside a good header': {
    headers: good,
    query: (t) => `access_token=${t}`,
    error: 'invalid_request',
  },
  'the query in another spelling': {
    headers: good,
    query: () => '%61ccess%5Ftoken=x',
    error: 'invalid_request',
  },
  'the query under another name': { query: (t) => `token=${t}&authorization=Bearer%20${t}` },
  'a cookie': { headers: (t) => ['Cookie', `access_token=${t}; Authorization=Bearer ${t}`] },
  'a header of its own': { headers: (t) => ['X-Access-Token', t, 'Proxy-Authorization', `Bearer ${t}`] },
};

let app: TestApp;
let clients: EraClient[];

beforeAll(async () => {
  app = await startApp();
  clients = await Promise.all(ERAS.map(({ connect }) => connect(app.url, forge())));
});

afterAll(async () => {
  for (const client of clients) client.close();
  await app.close();
});

interface Route {
  readonly name: string;
  readonly route: string;
  /** The status of a good request. */
  readonly status: number;
  /** Everything right but for the token; `body` only where a good request has one. */
  readonly attempt: (token: string, placement: Placement, body?: Body) => Promise<Answer>;
}

interface Body {
  readonly type: string;
  readonly text: string;
}

const ROUTES: readonly Route[] = [
  {
    name: 'GET /sse',
    route: '/sse',
    status: 200,
    attempt: (token, { headers, query }) =>
      send(`${app.url}/sse?${query?.(token) ?? ''}`, { headers: headers?.(token) }),
  },
  ...['GET', 'DELETE'].map((method) => ({
    name: `${method} /mcp`,
    route: '/mcp',
    // There is no such session, as those hear who were let in.
    status: 404,
    attempt: (token: string, { headers, query }: Placement, body?: Body) => {
      const session = ['Mcp-Session-Id', 'no-such-session', 'Accept', 'text/event-stream'];
      const framing = ['Content-Type', body?.type ?? 'text/plain', 'Content-Length'];
      const all = [...(headers?.(token) ?? []), ...session, ...framing, String(body?.text.length ?? 0)];
      return send(`${app.url}/mcp?${query?.(token) ?? ''}`, { method, headers: all, body: body?.text });
    },
  })),
  {
    name: 'POST /auth/revoke',
    route: '/auth/revoke',
    status: 200,
    attempt: (token, { headers, query }, body) => {
      const all = [...(headers?.(token) ?? []), 'Content-Type', body?.type ?? 'application/json'];
      const url = `${app.url}/auth/revoke?${query?.(token) ?? ''}`;
      return send(url, { method: 'POST', headers: all, body: body?.text });
    },
  },
  ...ERAS.map((era, at) => ({
    name: `POST, ${era.name}`,
    route: era.route,
    status: era.taken,
    attempt: (token: string, { headers, query }: Placement, body?: Body) =>
      clients[at]!.send(body?.text ?? era.request('placed', 'tools/list'), {
        headers: [...(headers?.(token) ?? []), ...(body === undefined ? [] : ['Content-Type', body.type])],
        query: query?.(token),
        without: ['Authorization'],
      }),
  })),
];

describe.each(ROUTES)('a token for $name', ({ name, route, status, attempt }) => {
  // The guard is one for all routes: the others show that they have it.
  const places = Object.entries(PLACEMENTS);
  const shown =
    name === ROUTES[0]!.name ? places : places.filter(([where]) => /both good|^the query$/.test(where));
  it.each(shown)('is not taken from %s', async (_where, placement) => {
    const token = forge();
    const answer = await attempt(token, placement);
    expectChallenge(answer, { route, error: placement.error });
    expectNothingOf(token, answer, CANARY);
  });

  it.each(['bearer', 'BEARER', 'bEaReR'])('may follow %s', async (scheme) => {
    const answer = await attempt(forge(), { headers: (t) => authorization(`${scheme} ${t}`) });
    expect(answer.status).toBe(status);
  });

  it.each([
    ['form', 'application/x-www-form-urlencoded', (token: string) => `access_token=${token}&token=${token}`],
    ['JSON', 'application/json', (token: string) => JSON.stringify({ access_token: token, token })],
  ])('in a %s body opens nothing', async (_kind, type, textOf) => {
    const token = forge();
    const answer = await attempt(token, {}, { type, text: textOf(token) });
    expectChallenge(answer, { route });
    expectNothingOf(token, answer, CANARY);
    expect((await send(`${app.url}/sse`, { token })).status).toBe(200);
  });
});
