import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** Lines in one read that make it dear: an ordinary request has fewer, and its body has none. */
const DEAR_LINES = 1_000;

/** Connections beyond these end: they would wait longer than their clients do. */
const MAX_WAITING = 32;
/** A client has this long to begin its first request. */
const FIRST_BYTES_MS = 10_000;
const TIMED_OUT = 'HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n';

const waiting: (() => void)[] = [];

function next(): void {
  const startedAt = performance.now();
  waiting[0]!();
  // By then it has been parsed. As much time again is for everything else, above all for taking new connections: of
  // those the system hands over one or two in each turn.
  setImmediate(() => setTimeout(rest, performance.now() - startedAt));
}

function rest(): void {
  waiting.shift();
  if (waiting.length > 0) next();
}

/**
 * Runs `read` when no other dear read is run, and no more than half of the time. One read from a socket can bring 10,000
 * chunks of one byte, which take Node's parser 30 ms, and it cannot be stopped on the way: a hundred connections that
 * are read at once would keep every other client waiting for 3 s.
 */
export function inTurn(read: () => void): void {
  if (waiting.push(read) === 1) setImmediate(next);
}

/** Looks at the first bytes of each connection before Node parses them, and has dear ones wait for their turn. */
export function holdDearReads(server: Server): void {
  const [parse] = server.listeners('connection') as ((this: Server, socket: Socket) => void)[];
  if (parse === undefined) throw new Error('This version of Node parses requests in another way');
  server.off('connection', parse);
  server.on('connection', (socket: Socket) => {
    const pass = (): void => {
      if (socket.destroyed) return;
      parse.call(server, socket);
      socket.resume();
    };
    const ended = (): void => void socket.destroy();
    // Until Node has taken over: a client that sends nothing, or breaks off.
    socket.setTimeout(FIRST_BYTES_MS, () => socket.end(TIMED_OUT));
    socket.on('error', ended).once('end', ended);
    socket.once('data', (bytes: Buffer) => {
      socket.pause();
      socket.setTimeout(0);
      socket.off('error', ended).off('end', ended);
      socket.unshift(bytes);
      if (!isDear(bytes)) pass();
      else if (waiting.length < MAX_WAITING) inTurn(pass);
      else socket.destroy();
    });
  });
}

function isDear(bytes: Buffer): boolean {
  if (bytes.length < 4 * DEAR_LINES) return false;
  let lines = 0;
  for (let at = bytes.indexOf('\r\n'); at !== -1; at = bytes.indexOf('\r\n', at + 2)) {
    lines += 1;
    if (lines === DEAR_LINES) return true;
  }
  return false;
}
