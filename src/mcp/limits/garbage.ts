import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

type Collect = (options: { readonly type: 'minor' | 'major'; readonly execution: 'sync' }) => void;

/**
 * After so many bytes of large messages what they have left is collected: a message leaves about seven times its size, as
 * text, value, reply and what is in between. Nearly all of it is young, and costs a few milliseconds to collect.
 */
const YOUNG_BYTES = 2 ** 21;
/** After so many, also what has grown old: a share of the heap, so that a large heap is not collected early. */
const OLD_BYTES = getHeapStatistics().heap_size_limit / 8;

/** A smaller buffer may be a part of one that others use. */
const OWN_BYTES = 8_192;

let collect: Collect | undefined;
let young = 0;
let old = 0;

/**
 * Tells that the work on a large message of `bytes` is done. V8 lets garbage grow up to the limit of the heap before it
 * looks for it, and a container pays for that as for anything else: it is made to look once in a while.
 */
export function collectAfter(bytes: number): void {
  young += bytes;
  old += bytes;
  if (young < YOUNG_BYTES) return;
  const isMajor = old >= OLD_BYTES;
  young = 0;
  if (isMajor) old = 0;
  collect ??= exposed();
  collect({ type: isMajor ? 'major' : 'minor', execution: 'sync' });
}

/** Frees a large buffer now, rather than when the collector comes by: nothing refers to it any more. */
export function freeBytes({ length, buffer }: Buffer): void {
  if (length > OWN_BYTES && buffer.byteLength === length) (buffer as ArrayBuffer).transfer(0);
}

function exposed(): Collect {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as Collect;
}
