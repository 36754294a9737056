import { Logger } from '@nestjs/common';
import { mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigurationError } from '../config/index.js';
import type { DecisionRecord } from './audit-record.js';
import { LineAuditTrail } from './line-audit.trail.js';

const RECORD: DecisionRecord = { event: 'audit.decision', decision: 'refused', code: 'expired', ip: '::1' };

/** Collects the log lines from now on. */
function complaintsOf(): unknown[] {
  const complaints: unknown[] = [];
  Logger.overrideLogger({ log: () => {}, warn: () => {}, error: (line: unknown) => complaints.push(line) });
  return complaints;
}

describe('LineAuditTrail', () => {
  let directory: string;
  let trail: LineAuditTrail;
  const file = (name = 'audit.jsonl') => join(directory, name);
  const read = (name?: string) => readFileSync(file(name), 'utf8');
  const make = (path = file()) => {
    const made = new LineAuditTrail({ file: path }, 'a secret', true);
    made.open();
    return made;
  };

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'audit-trail-'));
    trail = make();
  });
  afterEach(() => {
    trail.close();
    rmSync(directory, { recursive: true, force: true });
    Logger.overrideLogger(false);
  });

  it('has written a record when write returns, as one line with the time first', () => {
    trail.write(RECORD);
    expect(read()).toMatch(
      /^\{"time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z","event":"audit\.decision",.*\}\n$/,
    );
    expect(JSON.parse(read())).toMatchObject(RECORD);
  });

  it('appends to a file that only its owner can read', () => {
    trail.write(RECORD);
    trail.close();
    trail = make();
    trail.write(RECORD);
    expect(read().split('\n')).toHaveLength(3);
    expect(statSync(file()).mode & 0o777).toBe(0o600);
  });

  it('escapes text that could forge a line or turn its direction; a reader gets the original', () => {
    const code =
      'x\r\n{"event":"forged"}\u001b[2J\u009b\u0085\u2028\u202e\u2066\u200f\u007f ä 日本 \u{1f600}';
    trail.write({ ...RECORD, code });
    // oxlint-disable-next-line no-control-regex -- finding them is the point
    expect(read().trimEnd()).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u200f\u2028\u202e\u2066]/);
    expect((JSON.parse(read()) as DecisionRecord).code).toBe(code);
  });

  it('goes on in a new file at SIGHUP, once logrotate has moved the old one', () => {
    trail.write({ ...RECORD, code: 'before' });
    renameSync(file(), file('audit.1'));
    trail.write({ ...RECORD, code: 'between' });
    process.emit('SIGHUP');
    trail.write({ ...RECORD, code: 'after' });
    expect(read('audit.1')).toMatch(/before.*\n.*between/);
    expect(read()).toMatch(/^[^\n]*after[^\n]*\n$/);
  });

  it('keeps its file at SIGHUP where it cannot open a new one, and logs that at intervals', () => {
    const complaints = complaintsOf();
    rmSync(directory, { recursive: true });
    for (let at = 0; at < 3; at += 1) process.emit('SIGHUP');
    expect(complaints).toEqual([{ event: 'audit.failed', err: expect.objectContaining({ code: 'ENOENT' }) }]);
    expect(() => trail.write(RECORD)).not.toThrow();
  });

  it('continues without a writable disk, and tries again with the next record', () => {
    trail.close();
    const complaints = complaintsOf();
    // A device that is always full.
    trail = make('/dev/full');
    for (let at = 0; at < 3; at += 1) expect(() => trail.write(RECORD)).not.toThrow();
    expect(complaints).toEqual([{ event: 'audit.failed', err: expect.objectContaining({ code: 'ENOSPC' }) }]);
    trail.close();
    trail = make();
  });

  it('writes no record after it is closed', () => {
    trail.close();
    expect(() => trail.write(RECORD)).not.toThrow();
    expect(read()).toBe('');
  });

  it('does not listen for SIGHUP after it is closed', () => {
    const before = process.listenerCount('SIGHUP');
    trail.close();
    expect(process.listenerCount('SIGHUP')).toBe(before - 1);
    trail = make();
  });

  it('fails with the name of the setting, and not the path, where the file cannot be written', () => {
    const makeElsewhere = () => make(join(directory, 'none', 'x'));
    expect(makeElsewhere).toThrow(ConfigurationError);
    expect(makeElsewhere).toThrow(/AUDIT_LOG names a file that can't be written \(ENOENT\)/);
    expect(makeElsewhere).not.toThrow(directory);
  });
});
