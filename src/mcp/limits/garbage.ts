import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

type Collect = (options: { readonly type: 'minor' | 'major'; readonly execution: 'sync' }) => void;

/**
 * After this many bytes of large messages their garbage is collected: about seven times the message, for text, value,
 * reply and intermediate values. Nearly all of it is young, which takes a few milliseconds.
 */
const YOUNG_BYTES = 2 ** 21;
/** After this many, a full collection: a share of the heap, so that a large heap is not collected early. */
const OLD_BYTES = getHeapStatistics().heap_size_limit / 8;

/** A smaller buffer may be part of a shared one. */
const OWN_BYTES = 8_192;

let collect: Collect | undefined;
let young = 0;
let old = 0;

/**
 * Call after the work on a large message of `bytes`. V8 lets garbage grow up to the heap limit before it collects,
 * which counts as a container's memory; so it is collected at intervals.
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

/** Frees a large buffer now instead of at the next collection. The caller must hold the only reference. */
export function freeBytes({ length, buffer }: Buffer): void {
  if (length > OWN_BYTES && buffer.byteLength === length) (buffer as ArrayBuffer).transfer(0);
}

function exposed(): Collect {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as Collect;
}
