import { once } from 'node:events';
import { createServer, IncomingMessage } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { gatheredMessage } from './gathered-body.js';

const GatheredMessage = gatheredMessage(IncomingMessage.prototype);

it('a reader gets a body in chunks of one byte in a few pieces', async () => {
  const server = createServer({ IncomingMessage: GatheredMessage }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const body = Array.from({ length: 20_000 }, (_, at) => String.fromCodePoint(97 + (at % 26))).join('');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const chunks = Array.from(body, (byte) => `1\r\n${byte}\r\n`).join('');
  client.write(`POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`);
  const [request] = (await once(server, 'request')) as [IncomingMessage];
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  expect(Buffer.concat(pieces).toString()).toBe(body);
  expect(pieces.length).toBeLessThan(10);
  client.destroy();
  server.close();
});
