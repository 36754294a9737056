import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** A read with this many lines is expensive: an ordinary request has fewer, and its body has none. */
const EXPENSIVE_LINES = 1_000;

/** Further connections are closed: they would wait longer than their clients do. */
const MAX_WAITING = 32;
/** Time for a client to start its first request. */
const FIRST_BYTES_MS = 10_000;
const TIMED_OUT = 'HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n';

const waiting: (() => void)[] = [];

function next(): void {
  const startedAt = performance.now();
  waiting[0]!();
  // Parsed by then. The same time again is left for other work, above all for new connections: the system accepts one
  // or two per turn.
  setImmediate(() => setTimeout(rest, performance.now() - startedAt));
}

function rest(): void {
  waiting.shift();
  if (waiting.length > 0) next();
}

/**
 * Runs `read` when no other expensive read runs, and for at most half of the time. One read from a socket can bring
 * 10,000 chunks of one byte, which take Node's parser 30 ms without interruption: a hundred connections read at once
 * would delay every other client by 3 s.
 */
export function inTurn(read: () => void): void {
  if (waiting.push(read) === 1) setImmediate(next);
}

/**
 * Inspects the first bytes of each connection before Node parses them, and makes expensive ones wait for their turn.
 */
export function queueExpensiveReads(server: Server): void {
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
    // Until Node takes over: the client may send nothing, or stop halfway.
    socket.setTimeout(FIRST_BYTES_MS, () => socket.end(TIMED_OUT));
    socket.on('error', ended).once('end', ended);
    socket.once('data', (bytes: Buffer) => {
      socket.pause();
      socket.setTimeout(0);
      socket.off('error', ended).off('end', ended);
      socket.unshift(bytes);
      if (!isExpensive(bytes)) pass();
      else if (waiting.length < MAX_WAITING) inTurn(pass);
      else socket.destroy();
    });
  });
}

function isExpensive(bytes: Buffer): boolean {
  if (bytes.length < 4 * EXPENSIVE_LINES) return false;
  let lines = 0;
  for (let at = bytes.indexOf('\r\n'); at !== -1; at = bytes.indexOf('\r\n', at + 2)) {
    lines += 1;
    if (lines === EXPENSIVE_LINES) return true;
  }
  return false;
}
