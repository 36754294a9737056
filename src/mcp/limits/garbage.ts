import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

type Collect = (options: { readonly type: 'major'; readonly execution: 'sync' }) => void;

/**
 * After so many bytes of large bodies what they have left is collected: a body leaves about seven times its size, as
 * text, value, reply and what is in between. It is a share of the heap, so that a large heap is not collected early.
 */
const INTERVAL_BYTES = getHeapStatistics().heap_size_limit / 32;

let collect: Collect | undefined;
let passed = 0;

/**
 * Tells that `bytes` of a large body have come in. V8 lets garbage grow up to the limit of the heap before it
 * looks for it, and a container pays for that as for anything else: it is made to look once in a while.
 */
export function leftBehind(bytes: number): void {
  passed += bytes;
  if (passed < INTERVAL_BYTES) return;
  passed = 0;
  collect ??= exposed();
  collect({ type: 'major', execution: 'sync' });
}

function exposed(): Collect {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as Collect;
}
