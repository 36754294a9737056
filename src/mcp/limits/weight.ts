/** Approximate bytes of an element of an array or object, beside its text. */
const ELEMENT_BYTES = 64;
/** A value with more elements is not weighed completely. */
const MAX_WEIGHED = 50_000;

/** The approximate memory of parsed JSON, in bytes. `elements`: of its arrays and objects. */
export function weightOfJson(bytes: number, characters: number, elements: number): number {
  return weightOfCharacters(bytes, characters) + elements * ELEMENT_BYTES;
}

/** Bytes that a text takes in memory. */
export function weightOfText(text: string): number {
  return weightOfCharacters(Buffer.byteLength(text), text.length);
}

/** Approximate bytes of a value; Infinity where it has too many elements. */
export function weightOf(value: unknown): number {
  const left: unknown[] = [value];
  let weight = 0;
  for (let weighed = 0; left.length > 0; weighed += 1) {
    if (weighed > MAX_WEIGHED || left.length > MAX_WEIGHED) return Number.POSITIVE_INFINITY;
    const one = left.pop();
    weight += ELEMENT_BYTES;
    if (typeof one === 'string') weight += weightOfText(one);
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

/** A string takes one byte per character, or two where one of them needs two. */
function weightOfCharacters(bytes: number, characters: number): number {
  return bytes === characters ? bytes : 2 * characters;
}
