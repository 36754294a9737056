import { eventsOf, type McpEndpoint } from './mcp-endpoint.js';

interface Notice {
  readonly method: string;
  readonly params: { readonly uri?: string };
}

/** A standalone stream of a session, read continuously. */
export class Listening {
  /** The methods of the messages, each with the resource that it names. */
  readonly heard: string[] = [];
  /** The same messages whole, and when they came, by `performance.now()`. */
  readonly received: { readonly at: number; readonly message: Notice }[] = [];
  /** The id of the newest event. */
  lastId = '';
  ended = false;
  private readonly leaving = new AbortController();

  private constructor() {}

  static async open(endpoint: McpEndpoint, lastEventId?: string): Promise<Listening> {
    const listening = new Listening();
    const headers: Record<string, string> = lastEventId === undefined ? {} : { 'Last-Event-ID': lastEventId };
    const response = await endpoint.get(headers, listening.leaving.signal);
    if (response.status !== 200)
      throw new Error(`GET /mcp answered ${response.status}: ${await response.text()}`);
    void listening.read(response).catch(() => undefined);
    return listening;
  }

  leave(): void {
    this.leaving.abort();
  }

  private async read(response: Response): Promise<void> {
    for await (const { id, data } of eventsOf(response)) {
      this.lastId = id;
      if (data === '') continue;
      const message = JSON.parse(data) as Notice;
      this.received.push({ at: performance.now(), message });
      const { method, params } = message;
      this.heard.push([method.replace('notifications/', ''), params.uri].filter(Boolean).join(' '));
    }
    this.ended = true;
  }
}
