import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import ts from 'typescript';

const run = promisify(execFile);

/** The files that a reader of a guide has before following it. */
const PROJECT = [
  'src',
  'test/support',
  'test/runner',
  'test/canary',
  'conformance',
  'package.json',
  'tsconfig.json',
  'jest.config.js',
  '.swcrc',
];

/** A block of code that begins with the path of its file and contains the whole file, which begins with imports. */
const WHOLE_FILE = /^```ts\n\/\/ ((?:src|test)\/\S+)\n(import .*?)^```$/gms;

/**
 * A copy of the project with the code of guides in the files that they name. Two guides must not show the same file.
 */
export class GuidedProject {
  /** Paths of the files that the guides show, in their order. */
  readonly files: readonly string[];
  private readonly folder: string;

  /** `beside`: files that the guides assume and do not show: text by path. */
  constructor(root: string, documents: readonly string[], beside: Readonly<Record<string, string>> = {}) {
    this.folder = join(root, basename(documents[0]!, '.md'));
    const shown = documents.flatMap((document) =>
      [...readFileSync(document, 'utf8').matchAll(WHOLE_FILE)].map(
        ([, path, text]) => [path!, text!] as const,
      ),
    );
    if (new Map(shown).size < shown.length) throw new Error(`${documents.join()} show a file twice`);
    this.files = shown.map(([path]) => join(this.folder, path));
    for (const name of PROJECT) cpSync(resolve(name), join(this.folder, name), { recursive: true });
    symlinkSync(resolve('node_modules'), join(this.folder, 'node_modules'), 'dir');
    for (const [path, text] of [...shown, ...Object.entries(beside)]) {
      mkdirSync(dirname(join(this.folder, path)), { recursive: true });
      writeFileSync(join(this.folder, path), text);
    }
  }

  /** Runs the guides' own tests. Resolves with Jest's output. */
  test(): Promise<string> {
    const tests = this.files.filter((path) => /\.(spec|e2e)\.ts$/.test(path));
    return tool(this.folder, 'jest/bin/jest.js', '--runTestsByPath', ...tests);
  }
}

/** The compiler's errors in the guides' code, with the settings of the project; empty without errors. */
export function compile(projects: readonly GuidedProject[]): string {
  const config = ts.readConfigFile('tsconfig.json', (path) => ts.sys.readFile(path));
  const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, process.cwd());
  const files = projects.flatMap((project) => project.files);
  const program = ts.createProgram(files, { ...options, typeRoots: [resolve('node_modules/@types')] });
  // Checks only these files: the rest of each copy is checked in the project itself.
  const found = files.flatMap((file) => ts.getPreEmitDiagnostics(program, program.getSourceFile(file)));
  return ts.formatDiagnostics(found, {
    getCanonicalFileName: (name) => name,
    getCurrentDirectory: () => process.cwd(),
    getNewLine: () => '\n',
  });
}

async function tool(folder: string, script: string, ...args: string[]): Promise<string> {
  const env = { ...process.env, FORCE_COLOR: '0' };
  const done = run(process.execPath, [resolve('node_modules', script), ...args], { cwd: folder, env });
  const { stdout, stderr } = await done.catch((error: { stdout: string; stderr: string }) => error);
  return stdout + stderr;
}
