import { INVARIANTS, violations } from './support/checker.js';
import type { Asked, Heard, History, Message } from './support/history.js';

const asked = (request: Partial<Asked> = {}): Asked => ({
  session: 's1',
  mark: 'mark-1',
  status: 200,
  text: 'the answer: mark-1',
  retryAfter: null,
  at: 5_000,
  ms: 5,
  ...request,
});
const begin = (mark = 'mark-1', node = 'n1') => ({ what: 'begin', mark, node }) as const;
const heard = (message: Message, stream = 'mark-1', session = 's1'): Heard => ({
  session,
  stream,
  at: 9,
  message,
});
const reply = (id = 'mark-1'): Message => ({ id, result: {} });
const step = (progress: number): Message => ({
  method: 'notifications/progress',
  params: { progressToken: 'mark-1', progress },
});
const changed: Message = { method: 'notifications/tools/list_changed' };
const LISTENING = { changes: [{ what: 'tools/list_changed', at: 1 }], listening: new Set(['s1']) };
const GOOD: History = {
  asked: [asked({ steps: 2 })],
  runs: [begin()],
  heard: [step(1), step(2), reply()].map((message) => heard(message)),
};

/** What a broken fleet would leave behind, by the rule that has to notice. */
const PLANTED: readonly (readonly [rule: string, history: History])[] = [
  ['I1 ', { ...GOOD, asked: [asked({ text: '' })] }],
  ['I1 ', { ...GOOD, heard: [...GOOD.heard!, heard(reply())] }],
  ['I1b', { ...GOOD, asked: [{ session: 's1', mark: 'mark-1' }] }],
  [
    'I2 ',
    {
      ...GOOD,
      heard: [step(1), step(2)].map((message) => heard(message)).concat(heard(reply(), 'standalone')),
    },
  ],
  ['I3 ', { asked: [asked()], runs: [begin()], heard: [step(2), step(1)].map((message) => heard(message)) }],
  ['I3 ', { asked: [asked()], runs: [begin()], heard: [reply(), step(1)].map((message) => heard(message)) }],
  ['I4 ', { asked: [asked(), asked({ session: 's2', mark: 'mark-2', text: 'mark-2 mark-1' })], runs: [] }],
  ['I4 ', { asked: [asked()], runs: [], heard: [heard({ method: 'mark-1' }, 'standalone', 's2')] }],
  ['I5 ', { ...GOOD, runs: [begin(), begin('mark-1', 'n2')] }],
  ['I5 ', { ...GOOD, asked: [asked({ status: 429, text: '' })] }],
  ['I6 ', { asked: [asked({ status: 404, text: '' })], runs: [] }],
  ['I7 ', { asked: [asked({ status: 500, text: '' })], runs: [] }],
  ['I7 ', { asked: [asked({ status: 503, text: '' })], runs: [] }],
  ['I7b', { asked: [asked({ status: 503, retryAfter: '1' })], runs: [], isCalm: true }],
  ['I8 ', { asked: [asked({ status: 503, retryAfter: '1', ms: 6_000 })], runs: [] }],
  [
    'I8 ',
    {
      asked: [asked({ status: 503, retryAfter: '1', at: 500, ms: 25_600 })],
      runs: [],
      stall: [1_000, 20_000],
    },
  ],
  ['I9 ', { ...GOOD, heard: [step(2), reply()].map((message) => heard(message)) }],
  ['I10', { ...GOOD, ended: new Map([['s1', 3_900]]) }],
  ['I10', { ...GOOD, asked: [asked({ credential: 'alice' })], revoked: new Map([['alice', 3_900]]) }],
  ['I11', { ...GOOD, ...LISTENING }],
  [
    'I11',
    { asked: [], runs: [], ...LISTENING, heard: ['one', 'two'].map((stream) => heard(changed, stream)) },
  ],
  [
    'I11b',
    {
      asked: [],
      runs: [],
      heard: ['a', 'b'].map((name) => ({ ...heard(changed, name), event: `standalone-${name}.1-1` })),
    },
  ],
  ['I12', { ...GOOD, keys: [{ name: 'mcp:r:{session:a}', ttlMs: -1 }] }],
  ['I12', { ...GOOD, keys: [{ name: 'mcp:forgotten', ttlMs: 1_000 }] }],
  ['I12b', { ...GOOD, keys: [{ name: 'mcp:s:{sessions:alice}', ttlMs: 5, members: 2 }], live: 1 }],
  ['I12c', { ...GOOD, vitals: [[{ sockets: 1 }, { sockets: 2 }]] }],
  ['I13', { ...GOOD, sent: [{ mark: 'mark-1', what: 'aborted', status: 202 }] }],
];

describe('the checker', () => {
  it('finds nothing where all is well', () => {
    expect(violations(GOOD)).toEqual([]);
    expect(violations({ asked: [asked({ status: 404 })], runs: [], ended: new Map([['s1', 0]]) })).toEqual(
      [],
    );
    expect(violations({ ...GOOD, asked: [asked({ text: '' })], killed: new Set(['n1']) })).toEqual([]);
    expect(violations({ ...GOOD, keys: [{ name: 'mcp:g:{calls:["i","a"]}', ttlMs: 5 }] })).toEqual([]);
    // Of a session of /sse, on its stream; its progress came on another connection than its reply.
    expect(violations({ asked: [asked()], runs: [begin()], heard: [heard(reply(), 's1')] })).toEqual([]);
    expect(violations({ asked: [asked({ steps: 3, isLossTold: true })], runs: [begin()] })).toEqual([]);
    const late = asked({ status: 503, text: '', retryAfter: '1', at: 500, ms: 20_600 });
    expect(violations({ asked: [late], runs: [], stall: [1_000, 21_000] })).toEqual([]);
    // Sent twice, and refused once; ended with its session; its time is over; not accepted.
    const twice = { ...GOOD, asked: [asked(), asked({ status: 400, text: '' })] };
    expect(violations(twice)).toEqual([]);
    const cut = { ...GOOD, ended: new Map([['s1', 6_000]]) };
    expect(violations({ ...cut, asked: [asked({ status: 404, text: '' })] })).toEqual([]);
    expect(violations({ ...cut, asked: [asked({ text: '' })] })).toEqual([]);
    expect(violations({ ...GOOD, asked: [asked({ text: '', needsNoReply: true })] })).toEqual([]);
    const again = { ...heard(changed, 'a'), event: 'standalone-a.1-1' };
    expect(violations({ asked: [], runs: [], heard: [again, again] })).toEqual([]);
    expect(violations({ ...GOOD, keys: [{ name: 'mcp:r:{session:a}', ttlMs: 0 }] })).toEqual([]);
    expect(violations({ ...GOOD, sent: [{ mark: 'mark-1', what: 'aborted', status: 503 }] })).toEqual([]);
    // A second is enough for a revocation to spread.
    expect(violations({ ...GOOD, ended: new Map([['s1', 4_500]]) })).toEqual([]);
    expect(violations({ asked: [], runs: [], ...LISTENING, heard: [heard(changed, 'one')] })).toEqual([]);
    const slots = { name: 'mcp:s:{sessions:alice}', ttlMs: 5, members: 1 };
    expect(violations({ ...GOOD, keys: [slots], live: 1, vitals: [[{ timers: 1 }, { timers: 1 }]] })).toEqual(
      [],
    );
  });

  it.each(PLANTED)('notices by %s', (rule, history) => {
    const found = violations(history);
    expect(found).toHaveLength(1);
    expect(found[0]!.startsWith(rule)).toBe(true);
  });

  it('has a planted fault for each rule', () => {
    const rules = Object.keys(INVARIANTS).map((name) => name.split(' ', 1)[0]);
    expect(new Set(PLANTED.map(([rule]) => rule.trim()))).toEqual(new Set(rules));
  });
});
