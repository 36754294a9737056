import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connectorOf } from '../../src/backplane/redis/redis.connector.js';
import { startApp } from '../support/test-app.js';

const strings = (socket: Socket): PropertyKey[] => Object.getOwnPropertyNames(socket);
const symbols = (socket: Socket): PropertyKey[] => Object.getOwnPropertySymbols(socket);

it('the client of Redis gets a socket with the properties of the sockets of the HTTP server, in their order', async () => {
  const { app, url, ...started } = await startApp();
  const options = { host: '127.0.0.1', port: Number(new URL(url).port), connectTimeout: 1_000 };
  const connector = new (connectorOf(options).Connector!)(options);
  const accepted = once(app.getHttpServer(), 'connection') as Promise<[Socket]>;
  const [socket, [served]] = await Promise.all([connector.connect(() => {}), accepted]);
  for (const names of [strings, symbols]) {
    const own = names(socket);
    expect(names(served).slice(0, own.length)).toEqual(own);
  }
  expect(strings(socket).slice(-2)).toEqual(['_peername', 'timeout']);
  socket.destroy();
  await started.close();
});
