/** A user who makes all calls that its limit allows, as fast as possible, with large arguments. */
import { PostConnection, type Target } from './raw-http.ts';

const CONNECTIONS = 16;
const NAMES = 2_000;
const TEXT = 'x'.repeat(200_000);

/** One call of `echo` in the form of 2026-07-28. */
function heavyCall(id: number): string {
  const names = Array.from({ length: NAMES }, (_, at) => `"name-${at}":${at}`).join(',');
  const meta =
    '"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}';
  const params = `{"name":"echo","arguments":{"message":"${id}","text":"${TEXT}",${names}},"_meta":{${meta}}}`;
  return `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":${params}}`;
}

const HEADERS =
  'Accept: application/json, text/event-stream\r\nMcp-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: echo\r\n';

/** Resolves with the number of answered calls, after the limit has refused a call on each connection. */
export async function useWholeLimit(target: Target): Promise<number> {
  let answered = 0;
  const callers = Array.from({ length: CONNECTIONS }, async (_, caller) => {
    const posts = new PostConnection(target);
    const call = heavyCall(caller);
    for (;;) {
      const { status, body } = await posts.post('/mcp', call, HEADERS);
      // 429: the user's limit; 503: the limit of all users together.
      if (status === 429 || status === 503) break;
      if (status !== 200) throw new Error(`A heavy call was answered ${status}: ${body}`);
      answered += 1;
    }
    posts.close();
  });
  await Promise.all(callers);
  return answered;
}
