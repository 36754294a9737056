import { eventsOf, type McpEndpoint } from './mcp-endpoint.js';

/** A standalone stream of a session, read continuously. */
export class Listening {
  /** The methods of the messages, each with the resource that it names. */
  readonly heard: string[] = [];
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
      const { method, params } = JSON.parse(data) as { method: string; params: { uri?: string } };
      this.heard.push([method.replace('notifications/', ''), params.uri].filter(Boolean).join(' '));
    }
    this.ended = true;
  }
}
