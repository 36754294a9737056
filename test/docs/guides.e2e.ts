import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compile, GuidedProject } from '../support/guide.js';

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

describe('the code that the guides show', () => {
  let root: string;
  let projects: [GuidedProject, GuidedProject];
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'mcp-guides-'));
    const apart = ['docs/add-a-tool.md', 'README.md', 'docs/ask-the-user.md', 'docs/enhancers.md'];
    const beside = { 'src/tools/account.service.ts': ACCOUNTS, 'src/tools/calendar.service.ts': CALENDAR };
    projects = [
      new GuidedProject(root, apart, beside),
      new GuidedProject(root, ['docs/resources-and-prompts.md']),
    ];
  });
  afterAll(() => rmSync(root, { recursive: true }));

  it('compiles where it is pasted', () => {
    expect(projects.map(({ files }) => files.length)).toEqual([8, 3]);
    expect(compile(projects)).toBe('');
  });

  it('passes the tests that docs/add-a-tool.md shows', async () => {
    expect(await projects[0].test()).toMatch(/^Tests: +7 passed, 7 total$/m);
  });
});
