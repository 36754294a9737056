import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { peerUserOf } from './peer-process.js';

const [OWN, NONE] = process.platform === 'linux' ? ['same', 'unknown'] : ['unknown', 'unknown'];

it.each([
  ['127.0.0.1', '127.0.0.1'],
  ['::1', '::1'],
  ['::', '127.0.0.1'],
])('a server on %s knows who runs the program that comes from %s', async (listening, from) => {
  const server = createServer().listen(0, listening);
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, from);
  const [accepted] = (await once(server, 'connection')) as [Socket];
  const { remoteAddress, remotePort, localAddress, localPort } = accepted;
  const ends = { remoteAddress, remotePort, localAddress, localPort };
  expect(await peerUserOf(ends)).toBe(OWN);
  // A connection that does not exist, and one that is already closed.
  expect(await peerUserOf({ ...ends, localAddress: '127.9.9.9' })).toBe(NONE);
  expect(await peerUserOf({ ...ends, remoteAddress: undefined })).toBe(NONE);
  client.destroy();
  accepted.destroy();
  server.close();
  await once(server, 'close');
});
