/** Approximate bytes of an element of an array or object, beside its text. */
export const ELEMENT_BYTES = 64;
/** A value with more elements is not weighed completely. */
const MAX_WEIGHED = 50_000;

/** Approximate bytes of a value; Infinity where it has too many elements. */
export function weightOf(value: unknown): number {
  const left: unknown[] = [value];
  let weight = 0;
  for (let weighed = 0; left.length > 0; weighed += 1) {
    if (weighed > MAX_WEIGHED || left.length > MAX_WEIGHED) return Number.POSITIVE_INFINITY;
    const one = left.pop();
    weight += ELEMENT_BYTES;
    // A string takes one byte per character, or two where one of them needs two.
    if (typeof one === 'string') weight += one.length * (Buffer.byteLength(one) === one.length ? 1 : 2);
    else if (ArrayBuffer.isView(one)) weight += one.byteLength;
    else if (Array.isArray(one)) for (const item of one as unknown[]) left.push(item);
    else if (typeof one === 'object' && one !== null) {
      for (const [key, inner] of Object.entries(one)) {
        weight += key.length;
        left.push(inner);
      }
    }
  }
  return weight;
}
