import { IncomingMessage } from 'node:http';
import { cut } from './cut.js';
import { inTurn } from './dear-reads.js';

/** A chunk of this size or more is passed on as it is: what it costs beside its bytes does not count. */
const LARGE = 2 * 1024;
/** Smaller ones are passed on in pieces of this size. */
const PIECE = 16 * 1024;
/** So many small chunks of one body, and its next bytes wait until no other such body is read. */
const DEAR_CHUNKS = 4 * 1024;
/** More than this does a body not wait with until it is asked for; and what has been read from the socket by then. */
const MAX_WAITING = 4 * 1024;

/** The rest of a body, after the answer: more is not taken, in bytes or in chunks. */
const MAX_DROPPED_BYTES = 64 * 1024 * 1024;
const MAX_DROPPED_CHUNKS = 4 * 1024;

/**
 * Of all bodies together: what is read in one turn of the event loop, and how many go on in the next. A turn takes one or
 * two new connections, however long it is.
 */
const READ_IN_TURN = 128 * 1024;
const RESUMED_IN_TURN = 2;

/** What is kept on each request of a server whose bodies are gathered. */
export interface BodyState {
  gathered: Buffer | undefined;
  gatheredBytes: number;
  smallChunks: number;
  isHeld: boolean;
  isAskedFor: boolean;
  isAnswered: boolean;
  droppedBytes: number;
  droppedChunks: number;
}

type Request = IncomingMessage & BodyState;

/** From the beginning on each request, so that all of them have one shape. */
export function initBody(request: object): void {
  const state = request as BodyState;
  state.gathered = undefined;
  state.gatheredBytes = 0;
  state.smallChunks = 0;
  state.isHeld = false;
  state.isAskedFor = false;
  state.isAnswered = false;
  state.droppedBytes = 0;
  state.droppedChunks = 0;
}

/**
 * Gives requests with this prototype bodies that cost little more than their bytes, in whatever chunks they come:
 * Node makes a Buffer of each chunk, of about 430 bytes, and keeps them in a list.
 *
 * - Small chunks are gathered, for all who read the body.
 * - Until the body is asked for, a few kilobytes of it are taken; then the socket is not read any more.
 * - After the answer the rest is dropped, so that a client that is still sending gets the answer; not without end.
 * - In each turn of the event loop a part of all that has come is read, so that the turns stay short.
 *
 * All bytes of all bodies pass here.
 */
export function gatherBodies(prototype: IncomingMessage): void {
  // eslint-disable-next-line typescript/unbound-method -- called with its request
  const { push } = prototype as Request;

  function pass(request: Request, chunk: Buffer | null): boolean {
    const { gathered, gatheredBytes } = request;
    if (gathered !== undefined) {
      request.gathered = undefined;
      request.gatheredBytes = 0;
      const more = push.call(request, gathered.subarray(0, gatheredBytes));
      if (chunk === undefined) return more;
    }
    return push.call(request, chunk);
  }

  /** The socket is not read until it is this body's turn. */
  function hold(request: Request): void {
    if (request.isHeld) return;
    request.isHeld = true;
    inTurn(() => {
      request.isHeld = false;
      if (request.isAskedFor && !request.destroyed) read.call(request, 0);
    });
  }

  const gathering = {
    push(this: Request, chunk: Buffer | null): boolean {
      if (this.isAnswered && chunk !== null) return drop(this, chunk);
      if (chunk === null || chunk.length >= LARGE) {
        const more = pass(this, chunk);
        if (chunk !== null && !mayGoOn(this, chunk.length)) return false;
        return this.isAskedFor ? more : this.readableLength < MAX_WAITING;
      }
      gather(this, chunk);
      this.smallChunks += 1;
      if (this.smallChunks % DEAR_CHUNKS === 0) hold(this);
      if (this.gatheredBytes >= PIECE - LARGE) {
        const piece = this.gathered!.subarray(0, this.gatheredBytes);
        this.gathered = undefined;
        this.gatheredBytes = 0;
        const more = push.call(this, piece);
        if (this.isAskedFor) return more && !this.isHeld;
      }
      if (this.isHeld) return false;
      return this.isAskedFor || this.readableLength + this.gatheredBytes < MAX_WAITING;
    },

    _read(this: Request, size: number): void {
      this.isAskedFor = true;
      if (!this.isHeld) read.call(this, size);
    },

    /** Node calls it after an answer, where the body was not asked for. */
    _dump(this: Request): void {
      this.isAnswered = true;
      this.gathered = undefined;
      this.gatheredBytes = 0;
      this.removeAllListeners('data');
      this.resume();
    },
  };
  Object.assign(prototype, gathering);
}

// eslint-disable-next-line typescript/unbound-method -- called with its request
const { _read: read } = IncomingMessage.prototype;

let readNow = 0;
/** Bodies that go on in one of the next turns. */
const resting: Request[] = [];

/** Counts what was read in this turn. False: the body's socket is not read until {@link nextTurn}. */
function mayGoOn(request: Request, bytes: number): boolean {
  if (readNow === 0 && resting.length === 0) setImmediate(nextTurn);
  readNow += bytes;
  if (readNow < READ_IN_TURN) return true;
  if (!request.isHeld) resting.push(request);
  request.isHeld = true;
  return false;
}

function nextTurn(): void {
  readNow = 0;
  for (const request of resting.splice(0, RESUMED_IN_TURN)) {
    request.isHeld = false;
    if ((request.isAskedFor || request.isAnswered) && !request.destroyed) read.call(request, 0);
  }
  if (resting.length > 0) setImmediate(nextTurn);
}

function gather(request: Request, chunk: Buffer): void {
  const { gathered, gatheredBytes } = request;
  const bytes = gatheredBytes + chunk.length;
  request.gatheredBytes = bytes;
  // The whole of it, as a rule.
  if (gathered === undefined) request.gathered = chunk;
  else if (bytes <= gathered.length) chunk.copy(gathered, gatheredBytes);
  else {
    const larger = Buffer.allocUnsafeSlow(Math.min(PIECE, Math.max(2 * bytes, 256)));
    gathered.copy(larger, 0, 0, gatheredBytes);
    chunk.copy(larger, gatheredBytes);
    request.gathered = larger;
  }
}

function drop(request: Request, { length, buffer }: Buffer): boolean {
  // Not left to the garbage collector, which takes its time. Node makes a buffer of its own for each large chunk.
  if (length === buffer.byteLength) (buffer as ArrayBuffer).transfer(0);
  request.droppedBytes += length;
  request.droppedChunks += 1;
  if (request.droppedBytes <= MAX_DROPPED_BYTES && request.droppedChunks <= MAX_DROPPED_CHUNKS) {
    return mayGoOn(request, length);
  }
  cut(request.socket);
  return true;
}
