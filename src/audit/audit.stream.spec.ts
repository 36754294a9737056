import { mkdtempSync, readdirSync, readlinkSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AuditStream } from './audit.stream.js';

/** The system tells there which files this process has open, and has a device that is always full. */
const onLinux = process.platform === 'linux' ? describe : describe.skip;

const MIB = 2 ** 20;

/** Of the descriptors of this process, those of one file. */
const opened = (file: string): number =>
  readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === file;
    } catch {
      return false;
    }
  }).length;

/** Files are closed in their own time; one that never is outlasts the test. */
async function closed(file: string): Promise<void> {
  while (opened(file) > 0) await sleep(5);
}

onLinux('AuditStream', () => {
  it('lets go of the old file at SIGHUP, and of the last one at its end', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'audit-stream-'));
    const [file, old] = [join(directory, 'a'), join(directory, 'old')];
    const stream = new AuditStream({ file }, () => {});
    stream.write('one\n');
    renameSync(file, old);
    process.emit('SIGHUP');
    await closed(old);
    expect(opened(file)).toBe(1);
    stream.close();
    await closed(file);
    rmSync(directory, { recursive: true });
  });

  it('tells when so much waits for a full disk that a record is lost', () => {
    const errors: string[] = [];
    const stream = new AuditStream({ file: '/dev/full' }, ({ message }) => errors.push(message));
    const line = `${'x'.repeat(MIB - 1)}\n`;
    for (let at = 0; at < 16; at += 1) stream.write(line);
    expect(errors).not.toContainEqual(expect.stringContaining('lost'));
    stream.write(line);
    expect(errors).toContainEqual('Too many records wait to be written: one is lost');
    stream.close();
  });
});
