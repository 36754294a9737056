import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A client that opens a stream, reads its first event, and then stops reading. */
export class StalledStream {
  private constructor(
    private readonly socket: Socket,
    /** The address for POSTs: path and query. */
    readonly endpoint: string,
  ) {}

  static async open(url: string, token: string): Promise<StalledStream> {
    const { hostname, port, host } = new URL(url);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    socket.write(`GET /sse HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${token}\r\n\r\n`);
    let head = '';
    while (!/data: .*\n\n/.test(head)) {
      const [chunk] = (await once(socket, 'data')) as [Buffer];
      head += chunk.toString();
    }
    socket.pause();
    return new StalledStream(socket, /data: (.*)\n\n/.exec(head)![1]!);
  }

  /** Identifies the server's side of the connection. */
  get port(): number {
    return this.socket.localPort!;
  }

  close(): void {
    this.socket.destroy();
  }
}
