/** What one element of an array or object takes beside its text: about so many bytes. */
const ELEMENT_BYTES = 64;
/** A value with more elements than this is not weighed to its end. */
const MAX_WEIGHED = 50_000;

/** The weight of JSON text once it is parsed. `elements`: of its arrays and objects. */
export function weightOfJson(bytes: number, characters: number, elements: number): number {
  return weightOfCharacters(bytes, characters) + elements * ELEMENT_BYTES;
}

/** Bytes that a text takes in memory. */
export function weightOfText(text: string): number {
  return weightOfCharacters(Buffer.byteLength(text), text.length);
}

/** Bytes that a value takes, about; Infinity where it has too many elements to find out. */
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

/** A text takes a byte for each character, or two for each where one of them needs two. */
function weightOfCharacters(bytes: number, characters: number): number {
  return bytes === characters ? bytes : 2 * characters;
}
