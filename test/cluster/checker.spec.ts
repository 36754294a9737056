import { type Asked, type History, INVARIANTS, violations } from './support/checker.js';

const asked = (request: Partial<Asked> = {}): Asked => ({
  session: 's1',
  mark: 'mark-1',
  status: 200,
  text: 'the answer: mark-1',
  retryAfter: null,
  ms: 5,
  ...request,
});
const begin = (mark = 'mark-1', node = 'n1') => ({ what: 'begin', mark, node }) as const;
const GOOD: History = { asked: [asked()], runs: [begin()] };

/** What a broken fleet would leave behind, by the rule that has to notice. */
const PLANTED: readonly (readonly [rule: string, history: History])[] = [
  ['I1 ', { ...GOOD, asked: [asked({ text: '' })] }],
  ['I1b', { ...GOOD, asked: [{ session: 's1', mark: 'mark-1' }] }],
  ['I4 ', { ...GOOD, asked: [asked(), asked({ session: 's2', mark: 'mark-2', text: 'mark-2 mark-1' })] }],
  ['I5 ', { ...GOOD, runs: [begin(), begin('mark-1', 'n2')] }],
  ['I5 ', { ...GOOD, asked: [asked({ status: 429, text: '' })] }],
  ['I6 ', { asked: [asked({ status: 404, text: '' })], runs: [] }],
  ['I7 ', { asked: [asked({ status: 500, text: '' })], runs: [] }],
  ['I7 ', { asked: [asked({ status: 503, text: '' })], runs: [] }],
  ['I8 ', { asked: [asked({ status: 503, retryAfter: '1', ms: 6_000 })], runs: [] }],
  ['I12', { ...GOOD, keys: [{ name: 'mcp:r:{session:a}', ttlMs: -1 }] }],
  ['I12', { ...GOOD, keys: [{ name: 'mcp:forgotten', ttlMs: 1_000 }] }],
];

describe('the checker', () => {
  it('finds nothing where all is well', () => {
    expect(violations(GOOD)).toEqual([]);
    expect(violations({ asked: [asked({ status: 404 })], runs: [], ended: new Set(['s1']) })).toEqual([]);
    expect(violations({ ...GOOD, asked: [asked({ text: '' })], killed: new Set(['n1']) })).toEqual([]);
    expect(violations({ ...GOOD, keys: [{ name: 'mcp:g:{calls:["i","a"]}', ttlMs: 5 }] })).toEqual([]);
  });

  it.each(PLANTED)('notices by %s', (rule, history) => {
    const found = violations(history);
    expect(found).toHaveLength(1);
    expect(found[0]!.startsWith(rule)).toBe(true);
  });

  it('has a planted fault for each rule', () => {
    const rules = Object.keys(INVARIANTS).map((name) => name.slice(0, 3));
    expect(new Set(PLANTED.map(([rule]) => rule))).toEqual(new Set(rules));
  });
});
