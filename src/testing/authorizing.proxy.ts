import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream';

/** Headers that belong to one connection, not to the message. RFC 9110, section 7.6.1. */
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade']);

/**
 * Adds the `Authorization` header, which the conformance suite cannot send. Passes everything else unchanged, `Host` and
 * `Origin` included, and each part of a response as soon as it arrives.
 */
export class AuthorizingProxy {
  private readonly server: Server;
  private readonly target: URL;
  private readonly token: string;

  private constructor(target: string, token: string) {
    this.target = new URL(target);
    this.token = token;
    this.server = createServer((from, to) => this.forward(from, to));
  }

  static async start(target: string, token: string): Promise<AuthorizingProxy> {
    const proxy = new AuthorizingProxy(target, token);
    await once(proxy.server.listen(0, '127.0.0.1'), 'listening');
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
  }

  private forward(from: IncomingMessage, to: ServerResponse): void {
    const { hostname, port } = this.target;
    const { method, url: path } = from;
    const headers = [...endToEnd(from.rawHeaders), 'Authorization', `Bearer ${this.token}`];
    const onward = request({ hostname, port, method, path, headers, agent: false }, (answer) => {
      to.writeHead(answer.statusCode!, answer.statusMessage, endToEnd(answer.rawHeaders));
      to.flushHeaders();
      // If one side closes, the other is closed too.
      pipeline(answer, to, () => undefined);
    });
    onward.on('error', () => to.destroy());
    to.once('close', () => {
      if (!to.writableFinished) onward.destroy();
    });
    from.pipe(onward);
  }
}

/** Node's raw list of names and values, without the headers of one connection. */
export function endToEnd(rawHeaders: readonly string[]): string[] {
  return rawHeaders.filter((_, at) => !HOP_BY_HOP.has(rawHeaders[at - (at % 2)]!.toLowerCase()));
}
