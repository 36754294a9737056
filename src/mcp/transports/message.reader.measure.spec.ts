import { measureJson, opensAtMost } from './message.reader.js';

/** Counts by parsing: each value inside an array or object that is not the first, and each bracket. */
function measureByParsing(text: string): { depth: number; elements: number } {
  const walk = (value: unknown): { depth: number; elements: number } => {
    if (typeof value !== 'object' || value === null) return { depth: 0, elements: 0 };
    const inner = Object.values(value).map(walk);
    return {
      depth: 1 + Math.max(0, ...inner.map(({ depth }) => depth)),
      elements: 1 + Math.max(0, inner.length - 1) + inner.reduce((sum, { elements }) => sum + elements, 0),
    };
  };
  return walk(JSON.parse(text));
}

describe('measureJson', () => {
  it.each([
    'null',
    '7',
    '"[[[["',
    '{}',
    '[]',
    '[[],[]]',
    '{"a":[1,2,{"b":"]"}],"c":{}}',
    '{"a":"\\"[","b":"\\\\","c":["\\\\\\"{"]}',
    '["\\u005b","[",{"{":"}"}]',
    '{"message":"a, b, c [d] {e}"}',
  ])('counts %s as a parser would', (text) => {
    expect(measureJson(text)).toEqual(measureByParsing(text));
  });

  it('counts input made to exhaust a parser', () => {
    expect(measureJson('['.repeat(1_000_000))).toEqual({ depth: 1_000_000, elements: 1_000_000 });
    expect(measureJson(`[${'0,'.repeat(200_000)}0]`).elements).toBe(200_001);
  });

  it('reads a string that does not end to the end of the text', () => {
    expect(measureJson('{"a":"[[[[')).toEqual({ depth: 1, elements: 1 });
    expect(measureJson('"\\')).toEqual({ depth: 0, elements: 0 });
  });

  it('stays linear on a text of quotes and backslashes', () => {
    const text = `"${'\\"'.repeat(500_000)}"`;
    expect(measureJson(text)).toEqual({ depth: 0, elements: 0 });
    expect(measureJson(`"${'\\'.repeat(1_000_000)}"`)).toEqual({ depth: 0, elements: 0 });
  });

  it('is exact for texts with few brackets only', () => {
    expect(opensAtMost('{"a":[1,{"b":"}"}]}', 3)).toBe(true);
    expect(opensAtMost('{"a":[1,{"b":"}"}]}', 2)).toBe(false);
    expect(opensAtMost('"[[["', 2)).toBe(false);
    expect(opensAtMost('', 0)).toBe(true);
  });
});
