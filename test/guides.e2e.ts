import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compile, Guide } from './support/guide.js';

const ACCOUNTS = `
export class AccountService {
  close(account: string, why: { reason: 'moved' | 'too expensive' | 'other'; keepData: boolean }): Promise<void> {
    return Promise.reject(new Error(account + why.reason));
  }
}`;

const CALENDAR = `
export class CalendarService {
  isOfficeHour(): Promise<boolean> {
    return Promise.resolve(true);
  }
}`;

/** Compiling takes seconds, and more on a busy machine. */
const PATIENCE = 120_000;

describe('the code that the guides show', () => {
  let root: string;
  let addATool: Guide;
  let guides: Guide[];
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'mcp-guides-'));
    addATool = new Guide(root, 'docs/add-a-tool.md');
    guides = [
      new Guide(root, 'README.md'),
      addATool,
      new Guide(root, 'docs/resources-and-prompts.md'),
      new Guide(root, 'docs/ask-the-user.md', { 'src/tools/account.service.ts': ACCOUNTS }),
      new Guide(root, 'docs/enhancers.md', { 'src/tools/calendar.service.ts': CALENDAR }),
    ];
  });
  afterAll(() => rmSync(root, { recursive: true }));

  it(
    'compiles where it is pasted',
    async () => {
      expect(guides.map(({ files }) => files.length)).toEqual([1, 5, 3, 1, 1]);
      expect(await compile(root, guides)).toBe('');
    },
    PATIENCE,
  );

  it(
    'passes the tests that docs/add-a-tool.md shows',
    async () => {
      expect(await addATool.test()).toMatch(/^Tests: +5 passed, 5 total$/m);
    },
    PATIENCE,
  );
});
