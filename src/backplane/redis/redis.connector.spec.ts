import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { freePort } from '../fixtures/free-port.fixture.js';
import { connectorOf } from './redis.connector.js';

/** Its client sees these members. */
interface Connecting {
  connect(emit: () => void): Promise<Socket>;
  disconnect(): void;
  readonly firstError?: Error;
  readonly stream: Socket;
}

function connectorTo(port: number): Connecting {
  const options = { host: '127.0.0.1', port, connectTimeout: 1_000, disconnectTimeout: 200 };
  return new (connectorOf(options).Connector!)(options) as unknown as Connecting;
}

describe('the connector', () => {
  let server: Server;

  beforeAll(async () => {
    server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterAll(() => server.close());

  it('gives a closed socket, and the error, where nothing listens', async () => {
    const connector = connectorTo(await freePort());
    const socket = await connector.connect(() => {});
    expect(socket.destroyed).toBe(true);
    expect(connector.firstError).toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('gives no socket, and closes its own, where its client was closed meanwhile', async () => {
    const connector = connectorTo((server.address() as AddressInfo).port);
    const connecting = connector.connect(() => {});
    connector.disconnect();
    await expect(connecting).rejects.toThrow('The client was closed');
    if (!connector.stream.destroyed) await once(connector.stream, 'close');
  });
});

it.each([{ tls: {} }, { sentinels: [{ host: 'a', port: 1 }] }])('leaves %j to the client', (options) => {
  expect(connectorOf(options)).toEqual({});
});
