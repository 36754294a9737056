import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LineWriter } from './line.writer.js';
import { LogLines } from './log.lines.js';

describe('LineWriter', () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'line-writer-'))));
  afterEach(() => rmSync(directory, { recursive: true }));

  it('collects lines, keeps their order, and resolves once they are on the disk', async () => {
    const writer = LineWriter.file(join(directory, 'a'));
    for (let at = 0; at < 100; at += 1) writer.write(`${at}\n`);
    expect([readFileSync(join(directory, 'a'), 'utf8'), writer.waiting]).toEqual(['', 290]);
    const written = writer.written();
    writer.flush();
    await written;
    const expected = Array.from({ length: 100 }, (_, at) => `${at}\n`).join('');
    expect([readFileSync(join(directory, 'a'), 'utf8'), writer.waiting]).toEqual([expected, 0]);
    writer.close();
  });

  it('drops and counts log lines that nothing reads, does not block, and writes the others once they are read', async () => {
    const pipe = join(directory, 'pipe');
    await new Promise((made) => spawn('mkfifo', [pipe]).once('exit', made));
    // Opens the pipe and reads nothing until it gets a line on standard input.
    const reader = spawn('sh', ['-c', 'exec 3<"$1"; read go; cat <&3', 'sh', pipe]);
    const writer = await opened(pipe);
    const lines = new LogLines(writer, (count) => `lost ${count}\n`);
    const line = `${'x'.repeat(1_023)}\n`;
    for (let at = 0; at < 5_000; at += 1) lines.write(line);
    writer.flush();
    expect(writer.waiting).toBeLessThanOrEqual(2 ** 20 + line.length);
    let read = '';
    reader.stdout.setEncoding('utf8').on('data', (chunk: string) => (read += chunk));
    const counted = new Promise<void>((resolve) => {
      reader.stdout.on('data', () => read.includes('lost') && resolve());
    });
    reader.stdin.write('go\n');
    await counted;
    writer.close();
    const [, lost] = /lost (\d+)\n$/.exec(read)!;
    expect(read.split(line).length - 1 + Number(lost)).toBe(5_000);
    expect(Number(lost)).toBeGreaterThan(3_000);
    reader.kill();
  });
});

/** A named pipe can be opened once its reader has opened it. */
async function opened(pipe: string): Promise<LineWriter> {
  for (;;) {
    try {
      return LineWriter.file(pipe);
    } catch {
      await new Promise((turn) => setTimeout(turn, 5));
    }
  }
}
