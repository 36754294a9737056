import { type CallContext, type McpTool, SessionService, Tool, ToolRegistry } from '../../src/mcp/index.js';
import { CuttingProxy } from '../support/cutting.proxy.js';
import { textOf } from '../support/sdk-client.js';
import { SDK_CLIENTS, type SdkClient } from '../support/sdk-clients.js';
import { startApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

const CHANGED = 'notifications/tools/list_changed';
const LOGGED = 'notifications/message';
/** 2026-07-28 has no resumption: a client that closes the connection cancels the request. */
const RETURNING = SDK_CLIENTS.filter(({ revision }) => revision !== '2026-07-28');

/** Says that it has begun, which opens the stream of its reply, and waits until it is let go. */
@Tool({ name: 'begin', description: 'Takes its time.' })
class BeginTool implements McpTool {
  static release: () => void;

  async execute(_input: Record<string, never>, context: CallContext): Promise<string> {
    const released = new Promise<void>((resolve) => (BeginTool.release = resolve));
    context.log('info', 'begun');
    await released;
    return 'done';
  }
}

let app: TestApp;
let proxy: CuttingProxy;
let added = 0;

beforeAll(async () => {
  app = await startApp({}, [BeginTool]);
  proxy = await CuttingProxy.before(app.url);
});

afterAll(async () => {
  proxy.close();
  await app.close();
});

function addTool(): void {
  added += 1;
  const name = `late-${added}`;
  app.app.get(ToolRegistry, { strict: false }).add({ name, description: name }, { execute: () => name });
}

const streams = (): number =>
  app.app
    .get(SessionService)
    .list()
    .reduce((total, session) => total + session.streams.size, 0);

describe.each(RETURNING)('$name, whose connection breaks off', ({ name, connect }) => {
  let client: SdkClient;
  let heard: string[];

  beforeEach(async () => {
    client = await connect(proxy.url, await app.token());
    heard = [];
    client.fallbackNotificationHandler = async ({ method }) => {
      heard.push(method);
    };
    await until(() => streams() === 1);
  });

  afterEach(async () => {
    await client.close();
    await until(() => streams() === 0);
  });

  it('comes back by itself, and hears of changes', async () => {
    addTool();
    await until(() => heard.length === 1);
    proxy.cut();
    await until(() => streams() === 0);
    addTool();
    await until(() => streams() === 1);
    addTool();
    // What there was while it was away is lost with a stream of /sse.
    const changes = name.includes('/sse') ? 2 : 3;
    await until(() => heard.length === changes);
    expect(heard).toEqual(Array.from({ length: changes }, () => CHANGED));
  });

  if (name.includes('/sse')) return;

  it('has the answer of a call that was under way', async () => {
    const call = client.callTool({ name: 'begin' });
    await until(() => heard.includes(LOGGED));
    proxy.cut();
    await until(() => streams() === 0);
    BeginTool.release();
    expect(textOf(await call)).toBe('done');
  });
});
