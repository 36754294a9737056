import { RawSession } from '../support/raw-session.js';
import { McpEndpoint } from '../support/mcp-endpoint.js';
import { RecordedLogs } from '../support/recorded-logs.js';
import { startApp } from '../support/test-app.js';
import { until } from '../support/until.js';

/** What keeps this process busy, or is listened for in it, by kind and number. */
function held(): Readonly<Record<string, number>> {
  const resources = Map.groupBy(process.getActiveResourcesInfo(), (kind) => kind);
  const servers = ['TCPSERVERWRAP', 'Timeout', 'FSReqPromise'].map((kind) => [
    kind,
    resources.get(kind)?.length ?? 0,
  ]);
  const signals = ['SIGTERM', 'SIGINT', 'SIGHUP', 'unhandledRejection', 'uncaughtException'].map((name) => [
    name,
    process.listenerCount(name),
  ]);
  return Object.fromEntries([...servers, ...signals]) as Record<string, number>;
}

it('close() alone, without a drain, ends the streams; a second one does no harm', async () => {
  const app = await startApp();
  const logs = RecordedLogs.of(app);
  const token = await app.token();
  const [session, endpoint] = [await RawSession.open(app.url, token), await McpEndpoint.open(app.url, token)];
  const stream = await endpoint.get();
  await app.app.close();
  await Promise.all([session.ended, stream.text()]);
  expect(logs.endings).toEqual(['shutdown', 'shutdown']);
  await app.app.close();
  await expect(fetch(`${app.url}/health/live`)).rejects.toThrow();
});

/** A whole life of an application, with a client. */
async function live(): Promise<void> {
  const app = await startApp({ AUDIT_LOG: '/dev/null' });
  const session = await RawSession.open(app.url, await app.token());
  await session.request(1, 'tools/call', { name: 'test' });
  session.close();
  await app.close();
}

it('an application that was closed leaves nothing behind in its process', async () => {
  // What is made once for a process, such as the client's own timers.
  await live();
  const before = held();
  for (let at = 0; at < 3; at += 1) await live();
  // The client's own timers come and go; one that is an application's would stay.
  await until(() => Object.entries(held()).every(([kind, count]) => count <= before[kind]!));
});
