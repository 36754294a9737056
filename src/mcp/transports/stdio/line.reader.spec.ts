import { LineReader, TOO_LONG } from './line.reader.js';

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** The lines of `text`, however it is split into chunks. */
async function linesOf(text: string, maxBytes = 100): Promise<(string | symbol)[]> {
  const bytes = Buffer.from(text);
  const found: (string | symbol)[][] = [];
  for (const size of [1, 2, 3, 7, bytes.length || 1]) {
    const lines: (string | symbol)[] = [];
    for await (const line of new LineReader(inPieces(bytes, size), maxBytes)) {
      lines.push(Buffer.isBuffer(line) ? line.toString() : line);
    }
    found.push(lines);
  }
  for (const lines of found) expect(lines).toEqual(found[0]);
  return found[0]!;
}

describe('LineReader', () => {
  it.each<[string, string, (string | symbol)[]]>([
    ['nothing', '', []],
    ['lines', 'one\ntwo\n', ['one', 'two']],
    ['a last line without its end', 'one\ntwo', ['one', 'two']],
    ['lines that end as on Windows', 'one\r\ntwo\r\n', ['one', 'two']],
    ['a carriage return within a line', 'o\rne\n', ['o\rne']],
    ['empty lines', '\n\r\n\none\n\n', ['one']],
    ['blanks', '  one \n', ['  one ']],
    ['characters of several bytes', 'é漢😀\n😀\n', ['é漢😀', '😀']],
    ['the separators of Unicode, which end no line', 'a\u2028b\u0085c\n', ['a\u2028b\u0085c']],
  ])('reads %s', async (_what, text, lines) => {
    expect(await linesOf(text)).toEqual(lines);
  });

  it.each<[string, string, (string | symbol)[]]>([
    ['takes a line of the limit', '12345\n', ['12345']],
    ['takes it with either end', '12345\r\n1234\r\n', ['12345', '1234']],
    ['refuses one byte more', '123456\n', [TOO_LONG]],
    ['refuses one byte more, with either end', '123456\r\nok\n', [TOO_LONG, 'ok']],
    ['counts bytes', 'éé\nééé\n', ['éé', TOO_LONG]],
    ['continues after a long line, and reports it once', `${'x'.repeat(100)}\nok\n`, [TOO_LONG, 'ok']],
    ['tells a long line at the end', `ok\n${'x'.repeat(100)}`, ['ok', TOO_LONG]],
  ])('with a limit of 5 bytes: %s', async (_what, text, lines) => {
    expect(await linesOf(text, 5)).toEqual(lines);
  });

  it('keeps nothing of a line that is too long', async () => {
    const piece = Buffer.alloc(2 ** 20, 'x');
    async function* endless(): AsyncGenerator<Buffer> {
      for (let pieces = 0; pieces < 64; pieces += 1) yield Buffer.from(piece);
      yield Buffer.from('\nok\n');
    }
    let most = 0;
    async function* watched(): AsyncGenerator<Buffer> {
      for await (const chunk of endless()) {
        most = Math.max(most, held(reader));
        yield chunk;
      }
    }
    const reader = new LineReader(watched(), 1_000);
    const lines: unknown[] = [];
    for await (const line of reader) lines.push(line);
    expect(lines).toEqual([TOO_LONG, Buffer.from('ok')]);
    expect(most).toBeLessThanOrEqual(1_001);
  });
});

function held(reader: LineReader): number {
  const { pieces } = reader as unknown as { pieces: Buffer[] };
  return pieces.reduce((sum, { length }) => sum + length, 0);
}
