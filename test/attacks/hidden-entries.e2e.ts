import { ResourceRegistry } from '../../src/mcp/index.js';
import { type EraClient, ERAS, type Params } from '../support/eras/index.js';
import { tokenOf } from '../support/forge.js';
import type { Reply } from '../support/raw-session.js';
import { startApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';
import { VAULT_ENTRIES, vaultRuns } from '../fixtures/vault.entries.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp({}, VAULT_ENTRIES);
});
afterAll(() => app.close());

const SPELLINGS: readonly ((name: string) => string)[] = [
  (name) => name,
  (name) => name.toUpperCase(),
  (name) => ` ${name}`,
  (name) => `${name} `,
  (name) => `${name}\n`,
  (name) => `${name}\0`,
  (name) => `\ufeff${name}`,
  (name) => `${name}\u200b`,
  (name) => name.replace('a', '\u0430'),
  (name) => name.replace('v', '\uff56'),
  (name) => name.replace('v', '%76'),
  (name) => `./${name}`,
  (name) => `${name}/`,
  (name) => `${name}#x`,
  (name) => `${name}?x=1`,
];

/** What asks for an entry by its name: which kind, the name of one that is hidden, and the request. */
const ASKED: readonly (readonly [kind: string, name: string, method: string, (name: string) => Params])[] = [
  ['a prompt', 'vault-prompt', 'prompts/get', (name) => ({ name })],
  ['a resource', 'vault://plan', 'resources/read', (uri) => ({ uri })],
  ['one of a family', 'vault://rooms/1', 'resources/read', (uri) => ({ uri })],
  ['a subscription', 'vault://plan', 'resources/subscribe', (uri) => ({ uri })],
  ['a subscription in a family', 'vault://rooms/1', 'resources/subscribe', (uri) => ({ uri })],
  [
    'a prompt’s suggestions',
    'vault-prompt',
    'completion/complete',
    (name) => suggestions('prompt', { name }),
  ],
  [
    'a resource’s suggestions',
    'vault://plan',
    'completion/complete',
    (uri) => suggestions('resource', { uri }),
  ],
  [
    'a family’s suggestions',
    'vault://rooms/{room}',
    'completion/complete',
    (uri) => suggestions('resource', { uri }),
  ],
];

const suggestions = (type: string, named: Params): Params => ({
  ref: { type: `ref/${type}`, ...named },
  argument: { name: 'room', value: '' },
});

const heard = ({ notices }: EraClient): number =>
  notices.filter(({ method }) => method === 'notifications/resources/updated').length;

const LISTS = ['prompts/list', 'resources/list', 'resources/templates/list'];

describe.each(ERAS)('$name', (era) => {
  let plain: EraClient;
  let keeper: EraClient;
  beforeAll(async () => {
    plain = await era.connect(app.url, tokenOf('alice'));
    keeper = await era.connect(app.url, tokenOf('keeper', { scope: 'mcp:access vault:open' }));
  });
  afterAll(() => {
    for (const client of [plain, keeper]) client.close();
  });

  let serial = 0;
  const call = (client: EraClient, method: string, params?: Params): Promise<Reply> =>
    client.request(`call-${(serial += 1)}`, method, params);

  describe.each(ASKED)('%s that a caller may not have', (_kind, hidden, method, paramsFor) => {
    it('is answered as what does not exist, in each spelling', async () => {
      const runs = vaultRuns.count;
      const nobodys = await call(plain, method, paramsFor('nothing://here'));
      expect(nobodys.error?.code).toBeLessThan(0);
      for (const name of SPELLINGS.map((spelled) => spelled(hidden))) {
        const { error } = await call(plain, method, paramsFor(name));
        // A resource's own error tells which one was asked for.
        expect(JSON.stringify(error)).toBe(
          JSON.stringify(nobodys.error).replace('"nothing://here"', JSON.stringify(name)),
        );
      }
      expect(vaultRuns.count).toBe(runs);
    });

    const isSpoken = method !== 'resources/subscribe' || era.revision !== '2026-07-28';
    it(`is ${isSpoken ? 'there' : 'not spoken of'} for those who may`, async () => {
      expect((await call(keeper, method, paramsFor(hidden))).error === undefined).toBe(isSpoken);
    });
  });

  it('the lists show them to users who may use them, and to no other', async () => {
    for (const method of LISTS) {
      expect(JSON.stringify((await call(keeper, method)).result)).toContain('vault');
      expect(JSON.stringify((await call(plain, method)).result)).not.toContain('vault');
    }
  });

  // Changes come on a stream of their own there, which is another test's.
  if (era.revision === '2025-11-25') return;

  it('their changes are sent to users who may use them, and to no other', async () => {
    const resourceSubscriptions = ['vault://plan', 'vault://rooms/1'];
    const clients = [plain, keeper];
    for (const client of clients) {
      if (era.revision === '2026-07-28') {
        const params = { notifications: { resourceSubscriptions } };
        client.begin('listen', 'subscriptions/listen', params).answer.catch(() => undefined);
        await until(() => client.notices.length > 0);
      } else for (const uri of resourceSubscriptions) await call(client, 'resources/subscribe', { uri });
    }
    for (const uri of resourceSubscriptions) app.app.get(ResourceRegistry).updated(uri);
    await until(() => heard(keeper) === 2);
    await call(plain, 'resources/list');
    expect(heard(plain)).toBe(0);
  });
});
