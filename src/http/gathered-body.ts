import type { Express, Request, Response } from 'express';
import { IncomingMessage, ServerResponse } from 'node:http';
import { cut } from './cut.js';
import { inTurn } from './expensive-reads.js';

/** Chunks of at least this many bytes are passed on unchanged: their overhead is negligible. */
const LARGE = 2 * 1024;
/** Smaller ones are merged into pieces of this size. */
const PIECE = 16 * 1024;
/** A body with this many small chunks waits until no other such body is being read. */
const EXPENSIVE_CHUNKS = 4 * 1024;
/** Bytes buffered before the body is requested, beside those already read from the socket. */
const MAX_WAITING = 4 * 1024;

/** Limits for the rest of a body after the response, in bytes and in chunks. */
const MAX_DROPPED_BYTES = 64 * 1024 * 1024;
const MAX_DROPPED_CHUNKS = 4 * 1024;

/**
 * For all bodies together: bytes read in one turn of the event loop, and bodies resumed in the next. A turn accepts one
 * or two new connections, however long it is.
 */
const READ_IN_TURN = 128 * 1024;
const RESUMED_IN_TURN = 2;

/** A request, and the state of its body. */
export interface GatheredMessage extends IncomingMessage {
  gathered: Buffer | undefined;
  gatheredBytes: number;
  smallChunks: number;
  isHeld: boolean;
  isAskedFor: boolean;
  isAnswered: boolean;
  droppedBytes: number;
  droppedChunks: number;
}

/**
 * Makes the cost of a body depend on its bytes, not on its chunks: Node creates a Buffer of about 430 bytes for each
 * chunk and keeps them in a list.
 *
 * - Small chunks are merged, for every reader of the body.
 * - Until the body is requested, a few kilobytes are buffered; then the socket is paused.
 * - After the response the rest is dropped, up to a limit, so that a client that is still sending receives the
 *   response.
 * - Each turn of the event loop reads a part of what has arrived, so that turns stay short.
 *
 * All bytes of all bodies pass here. `base`: the prototype from which the requests inherit.
 */
export function gatheredMessage(base: IncomingMessage): typeof IncomingMessage {
  class Message extends IncomingMessage implements GatheredMessage {
    // On each request from the start, so that all have one shape.
    gathered: Buffer | undefined = undefined;
    gatheredBytes = 0;
    smallChunks = 0;
    isHeld = false;
    isAskedFor = false;
    isAnswered = false;
    droppedBytes = 0;
    droppedChunks = 0;

    override push(chunk: Buffer | null): boolean {
      if (this.isAnswered && chunk !== null) return drop(this, chunk);
      const { gathered, gatheredBytes } = this;
      if (chunk === null || chunk.length >= LARGE) {
        if (gathered !== undefined) {
          this.gathered = undefined;
          this.gatheredBytes = 0;
          super.push(gathered.subarray(0, gatheredBytes));
        }
        const more = super.push(chunk);
        if (chunk !== null && !mayGoOn(this, chunk.length)) return false;
        return this.isAskedFor ? more : this.readableLength < MAX_WAITING;
      }
      this.gatheredBytes += chunk.length;
      // Usually the whole body.
      if (gathered === undefined) this.gathered = chunk;
      else append(this, gathered, gatheredBytes, chunk);
      this.smallChunks += 1;
      if (this.smallChunks % EXPENSIVE_CHUNKS === 0) hold(this);
      if (this.gatheredBytes >= PIECE - LARGE) {
        const piece = this.gathered!.subarray(0, this.gatheredBytes);
        this.gathered = undefined;
        this.gatheredBytes = 0;
        const more = super.push(piece);
        if (this.isAskedFor) return more && !this.isHeld;
      }
      if (this.isHeld) return false;
      return this.isAskedFor || this.readableLength + this.gatheredBytes < MAX_WAITING;
    }

    override _read(size: number): void {
      this.isAskedFor = true;
      if (!this.isHeld) read.call(this, size);
    }

    /** Node calls it after a response, where the body was not requested. */
    _dump(): void {
      this.isAnswered = true;
      this.gathered = undefined;
      this.gatheredBytes = 0;
      this.removeAllListeners('data');
      this.resume();
    }
  }
  Object.setPrototypeOf(Message.prototype, base);
  return Message;
}

/** A request whose `ip` is set. */
export interface AddressedMessage extends IncomingMessage {
  ip?: string | undefined;
}

/**
 * The classes of an application's requests and responses, with the prototypes that Express otherwise sets on each
 * instance: the change discards the engine's optimisations for their shape, and costs 5 % of a call. A request has its
 * `ip` as a property, where Express computes the whole chain of addresses each time it is read.
 */
export function messagesOf(app: Express): {
  readonly Message: typeof IncomingMessage;
  readonly Answer: typeof ServerResponse;
  readonly addressByProxies: (request: IncomingMessage) => string | undefined;
} {
  const ofExpress = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(app.request), 'ip')!;
  const Message = gatheredMessage(app.request);
  Object.defineProperty(Message.prototype, 'ip', { writable: true, value: undefined });
  app.request = Message.prototype as Request;
  class Answer<Asked extends IncomingMessage> extends ServerResponse<Asked> {}
  Object.setPrototypeOf(Answer.prototype, app.response);
  app.response = Answer.prototype as unknown as Response;
  return {
    Message,
    Answer,
    addressByProxies: (request) => ofExpress.get!.call(request) as string | undefined,
  };
}

/** Pauses the socket until it is this body's turn. */
function hold(request: GatheredMessage): void {
  if (request.isHeld) return;
  request.isHeld = true;
  inTurn(() => {
    request.isHeld = false;
    if (request.isAskedFor && !request.destroyed) read.call(request, 0);
  });
}

// eslint-disable-next-line typescript/unbound-method -- called with its request
const { _read: read } = IncomingMessage.prototype;

let readNow = 0;
/** Bodies that resume in one of the next turns. */
const resting: GatheredMessage[] = [];

/** Counts what was read in this turn. False: the body's socket is paused until {@link nextTurn}. */
function mayGoOn(request: GatheredMessage, bytes: number): boolean {
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

function append(request: GatheredMessage, gathered: Buffer, gatheredBytes: number, chunk: Buffer): void {
  const bytes = gatheredBytes + chunk.length;
  if (bytes <= gathered.length) return void chunk.copy(gathered, gatheredBytes);
  const larger = Buffer.allocUnsafeSlow(Math.min(PIECE, Math.max(2 * bytes, 256)));
  gathered.copy(larger, 0, 0, gatheredBytes);
  chunk.copy(larger, gatheredBytes);
  request.gathered = larger;
}

function drop(request: GatheredMessage, { length, buffer }: Buffer): boolean {
  // Frees memory now rather than at the next collection. Node gives each large chunk its own buffer.
  if (length === buffer.byteLength) (buffer as ArrayBuffer).transfer(0);
  request.droppedBytes += length;
  request.droppedChunks += 1;
  if (request.droppedBytes <= MAX_DROPPED_BYTES && request.droppedChunks <= MAX_DROPPED_CHUNKS) {
    return mayGoOn(request, length);
  }
  cut(request.socket);
  return true;
}
