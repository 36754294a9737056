import * as v2 from '@modelcontextprotocol/client';
import { hasRedis } from '../../src/backplane/fixtures/redis-process.fixture.js';
import { ResourceRegistry, SessionService, ToolRegistry } from '../../src/mcp/index.js';
import { Gate, GATED, type Held } from '../support/gate.tool.js';
import { RESOURCES } from '../support/resources.js';
import { textOf } from '../support/sdk-client.js';
import { SDK_CLIENTS, type SdkClient } from '../support/sdk-clients.js';
import { signToken } from '../support/tokens.js';
import { until } from '../support/until.js';
import { AppNodes } from './support/app-nodes.js';
import { Balancer } from './support/balancer.js';
import { CROSSING_TOOLS } from './support/crossing.tools.js';

const MOTD = 'app://motd';
const LOGO = 'app://logo';
const TOOLS_CHANGED = 'notifications/tools/list_changed';
const UPDATED = 'notifications/resources/updated';

interface Notice {
  readonly method: string;
  readonly uri: string | undefined;
}

interface Keys {
  readonly key: string;
  readonly end?: string;
}

interface Options {
  readonly signal?: AbortSignal;
  readonly onprogress?: (progress: { readonly progress: number }) => void;
}

/** Calls a tool that waits at the {@link Gate}, with a client of either SDK. */
function call(client: SdkClient, name: string, keys: Keys, options: Options): Promise<unknown> {
  const params = { name, arguments: { ...keys } };
  const called: Promise<unknown> =
    client instanceof v2.Client
      ? client.callTool(params, options)
      : client.callTool(params, undefined, options);
  // A test that fails leaves its calls.
  called.catch(() => undefined);
  return called;
}

let opened = 0;

// Skipped where no redis-server is installed: hasRedis() writes so to standard error, and .ci/run installs one.
(hasRedis() ? describe : describe.skip)(
  'streams of real clients, each request of which reaches another node',
  () => {
    let nodes: AppNodes;
    let balancer: Balancer;
    beforeAll(async () => {
      nodes = await AppNodes.start(3, [...GATED, ...CROSSING_TOOLS, ...RESOURCES]);
      balancer = await Balancer.alternating(nodes.apps);
    }, 60_000);
    afterAll(async () => {
      balancer.close();
      await nodes.stop();
    });

    /** Whether a node has the stream for the messages of this user's session that belong to no request. */
    const hasStream = (user: string): boolean =>
      nodes.apps
        .flatMap(({ app }) => app.get(SessionService, { strict: false }).list())
        .some(({ principal, isCarriedHere }) => principal.subject === user && isCarriedHere);

    /** The call of this key, on whichever node it runs. */
    const heldAt = async (key: string): Promise<Held> => {
      const gates = nodes.apps.map(({ app }) => app.get(Gate, { strict: false }));
      await until(() => gates.some((gate) => gate.isHeld(key)));
      return gates.find((gate) => gate.isHeld(key))!.held(key);
    };

    describe.each(SDK_CLIENTS)('$name', ({ revision, connect }) => {
      const isModern = revision === '2026-07-28';
      const notices: Notice[] = [];
      let client: SdkClient;
      beforeEach(async () => {
        opened += 1;
        const user = `user-${opened}`;
        client = await connect(balancer.url, await signToken({ sub: user }));
        notices.length = 0;
        client.fallbackNotificationHandler = async ({ method, params }) =>
          void notices.push({ method, uri: params?.['uri'] as string | undefined });
        if (!isModern) await until(() => hasStream(user));
      });
      afterEach(async () => {
        await client.close();
        balancer.assertAlternated();
      });

      /** Runs `change` on a node, and waits until the client has got the notice of it. */
      const told = async (change: () => void, method: string, uri?: string): Promise<void> => {
        const matching = () => notices.filter((notice) => notice.method === method && notice.uri === uri);
        const { length } = matching();
        change();
        await until(() => matching().length > length);
        expect(matching()).toHaveLength(length + 1);
      };

      it('gets progress in order, and then the reply', async () => {
        for (const turn of ['first', 'second', 'third'].map((nth) => `${nth} of ${opened}`)) {
          const steps: number[] = [];
          const keys = { key: turn, end: `end of ${turn}` };
          const onprogress = ({ progress }: { readonly progress: number }) => steps.push(progress);
          const stepping = call(client, 'stepwise', keys, { onprogress });
          const held = await heldAt(keys.key);
          await until(() => steps.length === 1);
          held.release('');
          // SDK v1 drops progress that it reads together with the reply.
          const last = await heldAt(keys.end);
          await until(() => steps.length === 2);
          last.release('done');
          expect(textOf(await stepping)).toBe('done');
          expect(steps).toEqual([1, 2]);
        }
      });

      it('cancels its call, and no other one', async () => {
        const kept = call(client, 'wait', { key: `kept ${opened}` }, {});
        const other = await heldAt(`kept ${opened}`);
        const leaving = new AbortController();
        const { signal: leave } = leaving;
        const left = call(client, 'wait', { key: `left ${opened}` }, { signal: leave });
        const cancelled = left.catch(() => 'cancelled');
        const { signal } = await heldAt(`left ${opened}`);
        leaving.abort();
        expect(await cancelled).toBe('cancelled');
        await until(() => signal.aborted);
        other.release('kept');
        expect(textOf(await kept)).toBe('kept');
      });

      it('is notified of changes of lists and of its resources, whichever node they are made on', async () => {
        if (isModern) {
          const filter = { toolsListChanged: true, resourceSubscriptions: [MOTD, LOGO] };
          expect((await (client as v2.Client).listen(filter)).honoredFilter).toEqual(filter);
        } else {
          // One of two requests in a row is at another node than the stream.
          for (const uri of [MOTD, LOGO]) await client.subscribeResource({ uri });
        }
        for (const [at, { app }] of nodes.apps.entries()) {
          const tools = app.get(ToolRegistry, { strict: false });
          const added = `added-${opened}-${at}`;
          await told(
            () => tools.add({ name: added, description: added }, { execute: () => '' }),
            TOOLS_CHANGED,
          );
          const resources = app.get(ResourceRegistry, { strict: false });
          for (const uri of [LOGO, MOTD]) await told(() => resources.updated(uri), UPDATED, uri);
        }
      });
    });
  },
);
