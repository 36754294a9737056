import { closeHttpApp } from '../../src/bootstrap/http-app.js';
import { ERA_TOOLS } from '../support/era.tools.js';
import { expectChallenge } from '../support/envelopes.js';
import { EraCalls } from '../support/era-calls.js';
import { type EraClient, ERAS } from '../support/eras/index.js';
import { Gate } from '../support/gate.tool.js';
import { textOf } from '../support/sdk-client.js';
import { startApp, type TestApp } from '../support/test-app.js';
import { signToken } from '../support/tokens.js';
import { until } from '../support/until.js';
import { send } from '../support/wire.js';

let app: TestApp;
let gate: Gate;
beforeAll(async () => {
  app = await startApp({}, ERA_TOOLS);
  gate = app.app.get(Gate, { strict: false });
});
afterAll(() => app.close());

/** Who may do what, and for how long: the same over all of them. */
describe.each(ERAS)('$name', ({ connect, revision, route }) => {
  let client: EraClient;
  beforeAll(async () => {
    client = await connect(app.url, await signToken());
  });
  afterAll(() => client.close());

  const as = async (scope: string): Promise<EraClient> => connect(app.url, await signToken({ scope }));
  const { call, names, hold } = new EraCalls(
    () => client,
    () => gate,
    revision,
  );

  describe('scopes', () => {
    it('decide what a caller sees: the lists of a viewer and of an administrator differ', async () => {
      const administrator = await as('mcp:access mcp:admin');
      expect(await names()).not.toContain('secret');
      expect(await names(administrator)).toContain('secret');
      expect(await names()).not.toContain('secret');
      expect(textOf((await call('secret', {}, administrator)).result)).toBe('the secret');
      administrator.close();
    });

    it('a tool that is not for the caller is answered as one that there is not', async () => {
      const hidden = client.begin('same id', 'tools/call', { name: 'secret' });
      const [answer, reply] = [await hidden.answer, await hidden.reply()];
      // On a stream of its own: there the second reply is found by the same id.
      const other = await as('mcp:access');
      const missing = other.begin('same id', 'tools/call', { name: 'nothing' });
      expect(await missing.reply()).toEqual(reply);
      const { date: _date, ...headers } = answer.headers;
      const { status, headers: expected } = await missing.answer;
      expect([status, { ...expected, date: undefined }]).toEqual([
        answer.status,
        { ...headers, date: undefined },
      ]);
      expect(reply.error).toMatchObject({ code: -32602 });
      other.close();
    });

    it('that a client may ask for are named: 403, with all that the call needs', async () => {
      expect(await names()).toContain('refund');
      const needed = 'mcp:access refund:read refund:write';
      for (const scope of ['mcp:access', 'mcp:access refund:read']) {
        const lacking = await as(scope);
        const { answer } = lacking.begin('refund', 'tools/call', { name: 'refund' });
        const challenge = { route, status: 403, scope: needed, error: 'insufficient_scope' } as const;
        expectChallenge(await answer, challenge);
        lacking.close();
      }
      const asked = await as(needed);
      expect(textOf((await call('refund', {}, asked)).result)).toBe('refunded');
      asked.close();
    });
  });

  describe.each(['wait', 'announced'] as const)('a caller’s time ends while a call runs: %s', (name) => {
    it('revoked: the call is aborted and its stream closed', async () => {
      const token = await signToken({ sub: `revoked ${revision} ${name}` });
      const [thief, bystander] = [await connect(app.url, token), await hold('wait')];
      const { underway, held } = await hold(name, thief);
      expect((await send(`${app.url}/auth/revoke`, { method: 'POST', token })).status).toBe(200);
      await until(() => held.signal.aborted);
      await underway.ended;
      held.release('too late');
      await expectNoReply(underway.answer, thief);
      bystander.held.release('served');
      expect(textOf((await bystander.underway.reply()).result)).toBe('served');
      thief.close();
    });

    it('expired: likewise', async () => {
      const brief = await connect(app.url, await signToken({ sub: 'brief', livesMs: 800 }));
      const { underway, held } = await hold(name, brief);
      await underway.ended;
      expect(held.signal.aborted).toBe(true);
      held.release('too late');
      await expectNoReply(underway.answer, brief);
      brief.close();
    });

    /** Neither a result, nor a 202 that would have the client wait for one. */
    async function expectNoReply(answered: Promise<{ status: number; text: string }>, by: EraClient) {
      const { status, text } = await answered;
      expect(JSON.stringify(by.notices) + text).not.toContain('too late');
      if (route === '/message') expect(status).toBe(202);
      else if (name === 'wait') expect(status).toBe(401);
      else expect(status).toBe(200);
    }
  });

  it('a shutdown answers the calls in flight, and takes no new ones', async () => {
    const ending = await startApp({}, ERA_TOOLS);
    const own = ending.app.get(Gate, { strict: false });
    const [one, other] = [
      await connect(ending.url, await signToken()),
      await connect(ending.url, await signToken()),
    ];
    const begun = ['wait', 'announced'].map((name) =>
      one.begin(name, 'tools/call', { name, arguments: { key: name } }),
    );
    const held = [await own.held('wait'), await own.held('announced')];
    const down = closeHttpApp(ending.app, 10_000);
    const { status, headers } = await other.begin('late', 'tools/call', { name: 'test' }).answer;
    expect([status, headers['retry-after']]).toEqual([503, '1']);
    for (const one of held) one.release('just in time');
    for (const underway of begun) {
      expect(textOf((await underway.reply()).result)).toBe('just in time');
      await underway.ended;
    }
    await down;
    for (const client of [one, other]) client.close();
  });
});
