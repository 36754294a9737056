import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { BARS } from '../../bench/figures.ts';

const run = promisify(execFile);
const COUNTS = /^(.+) call: (\d+) files, (\d+) functions$/gm;

it('a call of each era enters few files and functions', async () => {
  const { stdout } = await run(process.execPath, ['bench/call-path.ts']);
  const counts = [...stdout.matchAll(COUNTS)].map(([, era, ...numbers]) => [era, ...numbers.map(Number)]);
  expect(counts.map(([era]) => era)).toEqual(['SSE', 'session', 'stateless']);
  const over = counts.filter(([, files, functions]) => {
    return Number(files) > BARS.callFiles || Number(functions) > BARS.callFunctions;
  });
  expect(over).toEqual([]);
});
