import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What a reader of a guide has on disk before following it. */
const PROJECT = [
  'src',
  'test/support',
  'test/canary',
  'package.json',
  'tsconfig.json',
  'jest.config.js',
  '.swcrc',
];

/** A block of code that begins with the path of its file and is the whole of it, as imports at its top show. */
const WHOLE_FILE = /^```ts\n\/\/ ((?:src|test)\/\S+)\n(import .*?)^```$/gms;

/** A copy of the project in which the code of one guide has been pasted where the guide says. */
export class Guide {
  /** Paths of the files that the guide shows, in its order. */
  readonly files: readonly string[];
  private readonly folder: string;

  /** `beside` is what the guide takes for granted and does not show: text by path. */
  constructor(root: string, document: string, beside: Readonly<Record<string, string>> = {}) {
    this.folder = join(root, basename(document, '.md'));
    const shown = [...readFileSync(document, 'utf8').matchAll(WHOLE_FILE)].map(
      ([, path, text]) => [path!, text!] as const,
    );
    this.files = shown.map(([path]) => join(this.folder, path));
    for (const name of PROJECT) cpSync(resolve(name), join(this.folder, name), { recursive: true });
    symlinkSync(resolve('node_modules'), join(this.folder, 'node_modules'), 'dir');
    for (const [path, text] of [...shown, ...Object.entries(beside)]) {
      mkdirSync(dirname(join(this.folder, path)), { recursive: true });
      writeFileSync(join(this.folder, path), text);
    }
  }

  /** Runs the guide's own tests; what Jest says of them. */
  test(): Promise<string> {
    const tests = this.files.filter((path) => /\.(spec|e2e)\.ts$/.test(path));
    return tool(this.folder, 'jest/bin/jest.js', '--runTestsByPath', ...tests);
  }
}

/** What the compiler says of all guides, by the settings of the project; empty where all is well. */
export function compile(root: string, guides: readonly Guide[]): Promise<string> {
  const files = guides.flatMap((guide) => guide.files);
  const project = {
    extends: resolve('tsconfig.json'),
    compilerOptions: { typeRoots: [resolve('node_modules/@types')] },
    files,
    include: [],
  };
  writeFileSync(join(root, 'tsconfig.json'), JSON.stringify(project));
  return tool(root, 'typescript/bin/tsc', '--project', 'tsconfig.json');
}

async function tool(folder: string, script: string, ...args: string[]): Promise<string> {
  const done = run(process.execPath, [resolve('node_modules', script), ...args], { cwd: folder });
  const { stdout, stderr } = await done.catch((error: { stdout: string; stderr: string }) => error);
  return stdout + stderr;
}
