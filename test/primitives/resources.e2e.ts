import { ResourceRegistry } from '../../src/mcp/index.js';
import { RecordedLogs } from '../support/recorded-logs.js';
import { BUNDLE, OPEN_URIS, PIXELS, RESOURCES } from '../support/resources.js';
import { refusalOf, SDK_CLIENTS, type SdkClient } from '../support/sdk-clients.js';
import { startApp, type TestApp } from '../support/test-app.js';

let app: TestApp;
let logs: RecordedLogs;
beforeAll(async () => {
  app = await startApp({}, RESOURCES);
  logs = RecordedLogs.of(app);
});
afterAll(() => app.close());

const urisOf = async (client: SdkClient): Promise<string[]> =>
  (await client.listResources()).resources.map(({ uri }) => uri);
const templatesOf = async (client: SdkClient): Promise<string[]> =>
  (await client.listResourceTemplates()).resourceTemplates.map(({ uriTemplate }) => uriTemplate);
const contentsOf = async (client: SdkClient, uri: string): Promise<unknown> =>
  (await client.readResource({ uri })).contents;

describe.each(SDK_CLIENTS)('resources, $name', ({ name, connect, revision }) => {
  // SDK v2 shows its user the newest revision's code, whichever was sent.
  const notFound = name.startsWith('SDK v2') ? -32602 : -32002;
  let viewer: SdkClient;
  let admin: SdkClient;

  beforeAll(async () => {
    viewer = await connect(app.url, await app.token('alice'));
    admin = await connect(app.url, await app.token('root', 'mcp:access mcp:admin'));
  });
  afterAll(() => Promise.all([viewer.close(), admin.close()]));

  it('lists what each caller may read', async () => {
    expect(await urisOf(viewer)).toEqual(OPEN_URIS);
    expect(await urisOf(admin)).toEqual(['admin://keys', ...OPEN_URIS]);
    expect(await templatesOf(viewer)).toEqual(['note://{owner}/{id}']);
    expect(await templatesOf(admin)).toEqual(['note://{owner}/{id}', 'vault://{id}']);
  });

  it('describes them', async () => {
    const { resources } = await viewer.listResources();
    expect(resources.at(-1)).toEqual({
      uri: 'config://app',
      name: 'settings',
      title: 'Settings',
      description: 'What the application runs with.',
      mimeType: 'application/json',
      size: 17,
      annotations: { audience: ['user'], priority: 0.5 },
    });
    const { resourceTemplates } = await viewer.listResourceTemplates();
    expect(resourceTemplates).toEqual([
      { uriTemplate: 'note://{owner}/{id}', name: 'note', title: 'Note', mimeType: 'text/markdown' },
    ]);
  });

  it('reads a text, for its user and in the revision of the client', async () => {
    const [{ uri, mimeType, text }] = (await contentsOf(viewer, 'config://app')) as [Record<string, string>];
    expect({ uri, mimeType }).toEqual({ uri: 'config://app', mimeType: 'application/json' });
    expect(JSON.parse(text!)).toEqual({ uri: 'config://app', variables: {}, revision, by: 'alice' });
  });

  it('reads bytes', async () => {
    const blob = Buffer.from(PIXELS.subarray(16, 32)).toString('base64');
    expect(await contentsOf(viewer, 'app://logo')).toEqual([
      { uri: 'app://logo', mimeType: 'image/png', blob },
    ]);
  });

  it('says what a text and bytes are where the resource does not say', async () => {
    expect(await contentsOf(viewer, 'app://motd')).toEqual([
      { uri: 'app://motd', mimeType: 'text/plain', text: 'Welcome to app://motd' },
    ]);
    expect(await contentsOf(viewer, 'app://raw')).toEqual([
      { uri: 'app://raw', mimeType: 'application/octet-stream', blob: '' },
    ]);
  });

  it('reads several contents as they are', async () => {
    expect(await contentsOf(viewer, 'app://bundle')).toEqual(BUNDLE);
  });

  it('reads one of a family, with its variables decoded', async () => {
    expect(await contentsOf(viewer, 'note://jane%20doe/a%2Fb')).toEqual([
      { uri: 'note://jane%20doe/a%2Fb', mimeType: 'text/markdown', text: 'jane doe: a/b' },
    ]);
  });

  it('answers for what is hidden, missing or said to be missing alike', async () => {
    const uris = [
      'admin://keys',
      'vault://1',
      'admin://nothing',
      'note://jane/none',
      'note://jane',
      'nothing',
    ];
    for (const uri of [...uris, 'note://../none', '__proto__', 'constructor', '']) {
      expect(await refusalOf(viewer.readResource({ uri }))).toEqual({
        code: notFound,
        message: 'Resource not found',
        data: { uri },
      });
    }
    expect(await contentsOf(admin, 'vault://1')).toMatchObject([{ text: 'the vault' }]);
    expect(await contentsOf(admin, 'admin://keys')).toMatchObject([{ text: 'the keys' }]);
  });

  it('hands on what a ToolError says', async () => {
    expect(await refusalOf(viewer.readResource({ uri: 'note://jane/locked' }))).toEqual({
      code: -32603,
      message: 'Another user is writing this note: try again in a minute',
      data: undefined,
    });
  });

  it.each(['broken', 'number', 'shapeless'])('keeps other failures to itself: %s', async (id) => {
    const before = logs.events('call.failed').length;
    const { code, message } = await refusalOf(viewer.readResource({ uri: `note://jane/${id}` }));
    expect(code).toBe(-32603);
    const [, reference] = /^note:\/\/\{owner\}\/\{id\} failed; the server's log has it as ([\w-]{36})$/.exec(
      message,
    )!;
    const failed = logs.events('call.failed').slice(before);
    expect(failed).toEqual([expect.objectContaining({ resource: 'note://{owner}/{id}', reference })]);
    expect(JSON.stringify(logs.events('call.ended').at(-1))).not.toContain('jane');
    expect(logs.events('call.ended').at(-1)).toMatchObject({ outcome: 'error' });
  });

  it('refuses a URI that is too long', async () => {
    const refusal = await refusalOf(viewer.readResource({ uri: `note://a/${'b'.repeat(2_040)}` }));
    expect(refusal).toMatchObject({
      code: -32602,
      message: '"uri" must be a string of at most 2048 characters',
    });
  });

  it('gains and loses resources while it runs', async () => {
    const registry = app.app.get(ResourceRegistry);
    registry.add({ name: 'late', uri: 'late://one' }, { read: () => 'one' });
    registry.add(
      { name: 'late', uriTemplate: 'late://{id}' },
      { read: ({ variables }) => `any ${variables['id']}` },
    );
    // A client of the newest revision may keep a list for its `ttlMs`; this one has none yet.
    const newcomer = await connect(app.url, await app.token('alice'));
    expect(await urisOf(newcomer)).toEqual([...OPEN_URIS, 'late://one']);
    expect(await templatesOf(newcomer)).toEqual(['late://{id}', 'note://{owner}/{id}']);
    await newcomer.close();
    expect(await contentsOf(viewer, 'late://one')).toMatchObject([{ text: 'one' }]);
    expect(await contentsOf(viewer, 'late://two')).toMatchObject([{ text: 'any two' }]);
    expect(registry.remove('late://one')).toBe(true);
    expect(await contentsOf(viewer, 'late://one')).toMatchObject([{ text: 'any one' }]);
    expect(registry.remove('late://{id}')).toBe(true);
    expect(registry.remove('late://{id}')).toBe(false);
    expect(await refusalOf(viewer.readResource({ uri: 'late://one' }))).toMatchObject({ code: notFound });
  });
});
