import type { CallRecord } from './audit-record.js';
import { recordLine } from './line-audit.trail.js';

const RECORD: CallRecord = {
  event: 'audit.call',
  kind: 'tool',
  target: 'pay',
  outcome: 'ok',
  durationMs: 3.412,
  reference: undefined,
  ip: '::1',
  requestId: 7,
  subject: 'alice',
  clientId: '',
  arguments: { account: 'A-1', items: ['a', 1, true] },
};

// Beside line breaks: quotes, lone surrogates, bidirectional controls, invisible characters.
it.each([
  '',
  'ä 日本 \u{1f600}',
  '"\\/\b\f\n\r\t',
  '\ud800x\udc00',
  '\u0000\u001f\u007f\u009f',
  '\u202e\u2028\ufeff',
])('a record with %j is what JSON.stringify writes, with invisible characters escaped', (text) => {
  for (const record of [
    { ...RECORD, target: text },
    { ...RECORD, requestId: text, arguments: { [text]: text, list: [text] } },
  ]) {
    const line = recordLine(record);
    const { time, ...read } = JSON.parse(line) as Record<string, unknown>;
    expect(JSON.stringify(read)).toBe(JSON.stringify(record));
    expect(time).toMatch(/^\d{4}-.*Z$/);
    expect(line.trimEnd()).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
  }
});
