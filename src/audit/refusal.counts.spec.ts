import { type CountedRefusals, RefusalCounts } from './refusal.counts.js';

describe('RefusalCounts', () => {
  let counted: CountedRefusals[];
  let counts: RefusalCounts;
  const report = (code: 'missing_token' | 'bad_signature', ip: string, subject?: string): boolean =>
    counts.shouldReport(code, ip, subject === undefined ? undefined : { subject, issuer: 'i' });

  beforeEach(() => {
    jest.useFakeTimers();
    counted = [];
    counts = new RefusalCounts((one) => counted.push(one));
  });
  afterEach(() => jest.useRealTimers());

  it('reports the first refusals of an address and the first of each reason, and counts the others by the minute', () => {
    const answers = Array.from({ length: 1_000 }, () => report('missing_token', '192.0.2.1'));
    expect(answers.filter(Boolean)).toHaveLength(5);
    expect([report('bad_signature', '192.0.2.1'), report('bad_signature', '192.0.2.1')]).toEqual([
      true,
      false,
    ]);
    expect(report('missing_token', '192.0.2.2')).toBe(true);
    expect(counted).toEqual([]);
    jest.advanceTimersByTime(60_000);
    expect(counted).toMatchObject([
      { ip: '192.0.2.1', count: 996, codes: { missing_token: 995, bad_signature: 1 } },
    ]);
    expect(report('missing_token', '192.0.2.1')).toBe(true);
  });

  it('counts an authenticated caller apart from its address', () => {
    for (let at = 0; at < 100; at += 1) report('missing_token', '192.0.2.1');
    const answers = Array.from({ length: 100 }, () => report('missing_token', '192.0.2.1', 'alice'));
    expect(answers.filter(Boolean)).toHaveLength(60);
    counts.flush();
    expect(counted).toMatchObject([
      { ip: '192.0.2.1', count: 95 },
      { subject: 'alice', count: 40 },
    ]);
  });

  it('holds and reports a bounded number of addresses', () => {
    const answers = Array.from({ length: 20_000 }, (_, at) =>
      report('missing_token', `2001:db8::${at.toString(16)}`),
    );
    expect(answers.filter(Boolean).length).toBeLessThanOrEqual(505);
    jest.advanceTimersByTime(60_000);
    expect(counted).toHaveLength(1);
    expect(counted[0]!.ip).toBeUndefined();
    expect(counted[0]!.count + answers.filter(Boolean).length).toBe(20_000);
  });
});
