import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** A read with this many lines is expensive: an ordinary request has fewer, and its body has none. */
const EXPENSIVE_LINES = 1_000;
/** A shorter read has fewer. */
const EXPENSIVE_BYTES = 4 * EXPENSIVE_LINES;

/** Further connections are closed: they would wait longer than their clients do. */
const MAX_WAITING = 32;
/** Time for a client to start its first request. */
const FIRST_BYTES_MS = 10_000;
const TIMED_OUT = 'HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n';

const waiting: (() => void)[] = [];

function next(): void {
  const startedAt = performance.now();
  waiting[0]!();
  // The read is parsed by then. The same time is left for other work, mainly for new connections: the system accepts
  // one or two per turn.
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

/** Inspects each read of each client before Node parses it, and makes expensive ones wait for their turn. */
export function queueExpensiveReads(server: Server): void {
  const [parse] = server.listeners('connection') as ((this: Server, socket: Socket) => void)[];
  if (parse === undefined) throw new Error('This version of Node parses requests in another way');
  server.off('connection', parse);
  server.on('connection', (socket: Socket) => {
    // Until Node takes over: the client may send nothing, or stop halfway.
    socket.setTimeout(FIRST_BYTES_MS, endLate);
    socket.on('error', destroy).on('end', destroy);
    socket.once('data', (bytes: Buffer) => {
      socket.pause();
      socket.setTimeout(0, endLate);
      socket.off('error', destroy).off('end', destroy);
      socket.unshift(bytes);
      parse.call(server, socket);
      queueReads(socket as ReadSocket);
      socket.resume();
    });
  });
}

/** One function for all sockets: closures would live as long as their connections. */
function endLate(this: Socket): void {
  this.end(TIMED_OUT);
}

function destroy(this: Socket): void {
  this.destroy();
}

interface ReadHandle {
  reading: boolean;
  readStop(): void;
  readStart(): void;
  useUserBuffer(buffer: Buffer): void;
}

/** The members of a socket with which Node itself stops and resumes reading. */
interface ReadSocket extends Socket {
  readonly _paused: boolean;
  readonly _handle: ReadHandle | null;
}

/**
 * Node's parser reads from the handle directly, unless the socket gets another `data` listener: then each read passes
 * through JavaScript, and one can wait. Closes the connection where too many wait.
 */
function queueReads(socket: ReadSocket): void {
  const [parse] = socket.listeners('data') as ((bytes: Buffer) => void)[];
  if (parse === undefined) throw new Error('This version of Node parses requests in another way');
  let held: Buffer | undefined;
  const read = (bytes: Buffer): void => {
    if (held !== undefined) {
      held = Buffer.concat([held, bytes]);
      return;
    }
    if (!isExpensive(bytes)) return parse(bytes);
    if (waiting.length >= MAX_WAITING) return void socket.destroy();
    held = Buffer.from(bytes);
    // Not `pause()`: the body of an earlier request may resume the socket.
    handleOf(socket)?.readStop();
    inTurn(() => {
      const all = held!;
      held = undefined;
      if (socket.destroyed) return;
      // Before parsing: the body in these bytes may pause the socket again.
      const handle = handleOf(socket);
      if (handle?.reading === true) handle.readStart();
      parse(all);
    });
  };
  socket.removeListener('data', parse);
  socket.on('data', read);
  const readShared = (size: number): void => {
    const bytes = shared.subarray(0, size);
    if (held === undefined && size < EXPENSIVE_BYTES) parse(bytes);
    else read(bytes);
  };
  readIntoShared(socket, readShared);
  // Node removes its own listeners when the parser no longer reads from the handle.
  socket.on('pause', stopReading);
  socket.on('resume', goOnReading);
}

/** As large as the reads of Node's parser. One for all connections: a read is parsed, or copied, before the next one. */
const shared = Buffer.allocUnsafeSlow(65_536);

/**
 * Calls `read` with the number of bytes in {@link shared} instead of emitting `data`, as the option `onread` of a
 * client's socket does. Otherwise Node allocates 64 KiB for each read. A Node without these members emits `data`.
 */
function readIntoShared(socket: ReadSocket, read: (size: number) => void): void {
  const buffer = memberOf(socket, 'kBuffer');
  const callback = memberOf(socket, 'kBufferCb');
  if (buffer === undefined || callback === undefined) return;
  Object.assign(socket, { [buffer]: shared, [callback]: read });
  handleOf(socket)?.useUserBuffer(shared);
}

function memberOf(socket: Socket, name: string): symbol | undefined {
  return Object.getOwnPropertySymbols(socket).find((member) => member.description === name);
}

function handleOf({ _handle: handle }: ReadSocket): ReadHandle | null {
  return handle;
}

function stopReading(this: ReadSocket): void {
  const handle = handleOf(this);
  if (handle?.reading !== true) return;
  handle.reading = false;
  handle.readStop();
}

function goOnReading(this: ReadSocket): void {
  const { _handle: handle, _paused: isPaused } = this;
  // A body resumed the socket while Node waits for the client to read its responses.
  if (isPaused) this.pause();
  else if (handle?.reading === false) {
    handle.reading = true;
    handle.readStart();
  }
}

function isExpensive(bytes: Buffer): boolean {
  if (bytes.length < EXPENSIVE_BYTES) return false;
  let lines = 0;
  for (let at = bytes.indexOf('\r\n'); at !== -1; at = bytes.indexOf('\r\n', at + 2)) {
    lines += 1;
    if (lines === EXPENSIVE_LINES) return true;
  }
  return false;
}
