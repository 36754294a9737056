import type { ServerResponse } from 'node:http';

/** The server's side of a stream in Streamable HTTP. Messages sent before it is opened are sent when it opens. */
export class EventStream {
  private readonly response: ServerResponse;
  private kept: string[] | undefined = [];
  private complete = false;

  constructor(response: ServerResponse) {
    this.response = response;
  }

  open(headers: Readonly<Record<string, string>> = {}): void {
    const kept = this.kept ?? [];
    this.kept = undefined;
    this.response.writeHead(200, { ...headers, 'Content-Type': 'text/event-stream' }).flushHeaders();
    for (const text of kept) this.write(text);
    if (this.complete) this.response.end();
  }

  /** Sends a JSON-RPC message unchanged. */
  send(text: string): void {
    if (this.kept === undefined) this.write(text);
    else this.kept.push(text);
  }

  /** Ends the stream. */
  end(): void {
    this.complete = true;
    if (this.kept === undefined) this.response.end();
  }

  private write(text: string): void {
    this.response.write(`event: message\ndata: ${text}\n\n`);
  }
}
