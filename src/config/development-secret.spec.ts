import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { ConfigurationError } from './configuration.error.js';
import { DEVELOPMENT_SECRET_FILE, developmentSecret } from './development-secret.js';

// Lets a plain Node process import the TypeScript source of this folder by its .js name.
const LOADER = `import { registerHooks } from 'node:module';
registerHooks({ resolve(name, context, next) {
  const isOurs = name.startsWith('./') && context.parentURL.includes('/src/config/');
  return next(isOurs ? name.replace(/\\.js$/, '.ts') : name, context);
} });`;

const CHILD = `import { existsSync } from 'node:fs';
const [, source, directory] = process.argv;
const { developmentSecret } = await import(source);
process.stdout.write('ready ');
const deadline = Date.now() + 60_000;
const nap = new Int32Array(new SharedArrayBuffer(4));
while (!existsSync(directory + '/go') && Date.now() < deadline) Atomics.wait(nap, 0, 0, 1);
process.stdout.write(developmentSecret(directory));`;

const source = new URL('./development-secret.ts', import.meta.url).href;
const loader = `data:text/javascript,${encodeURIComponent(LOADER)}`;

describe('developmentSecret', () => {
  let directory: string;
  let file: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'development-secret-'));
    file = join(directory, DEVELOPMENT_SECRET_FILE);
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('makes 32 random bytes in a file that only its owner reads', () => {
    const secret = developmentSecret(directory);
    expect(Buffer.from(secret, 'base64url')).toHaveLength(32);
    expect(readFileSync(file, 'utf8').trim()).toBe(secret);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('makes another one elsewhere', () => {
    const elsewhere = mkdtempSync(join(directory, 'other-'));
    expect(developmentSecret(elsewhere)).not.toBe(developmentSecret(directory));
  });

  it('keeps it', () => {
    const secret = developmentSecret(directory);
    expect(developmentSecret(directory)).toBe(secret);
  });

  it('reads one that another process created', () => {
    writeFileSync(file, `${'k'.repeat(32)}\n`);
    expect(developmentSecret(directory)).toBe('k'.repeat(32));
  });

  it('is one secret for processes that start at once', async () => {
    const children = Array.from({ length: 4 }, () => startChild());
    await Promise.all(children.map(({ stdout }) => once(stdout, 'readable')));
    writeFileSync(join(directory, 'go'), '');
    const outputs = await Promise.all(children.map(({ stdout }) => text(stdout)));
    expect(new Set(outputs)).toEqual(new Set([`ready ${developmentSecret(directory)}`]));
  });

  it('waits for the process that has created the file and not yet written to it', async () => {
    writeFileSync(file, '');
    const late = `require('node:fs').writeFileSync(process.argv[1], 'w'.repeat(43))`;
    const writer = spawn(process.execPath, ['-e', late, file]);
    expect(developmentSecret(directory)).toBe('w'.repeat(43));
    await once(writer, 'exit');
  });

  it.each([
    ['too short', 'short'],
    ['left empty by a crash', ''],
  ])('refuses a file that is %s, without its content', (_, content) => {
    writeFileSync(file, content);
    const error = problemOf(() => developmentSecret(directory));
    expect(error.message).toMatch(/JWT_SECRET in \.dev-jwt-secret is shorter than 32 bytes.*set JWT_SECRET/);
    expect(error.message).not.toContain("'short'");
  });

  it('says to set JWT_SECRET where it cannot write', () => {
    const error = problemOf(() => developmentSecret(join(directory, 'missing')));
    expect(error.message).toMatch(
      /JWT_SECRET can't be made: .* \(ENOENT\); make its folder writable, or set JWT_SECRET/,
    );
  });

  function startChild() {
    const script = ['--input-type=module', '--import', loader, '-e', CHILD, source, directory];
    return spawn(process.execPath, script, { env: {}, stdio: ['ignore', 'pipe', 'inherit'] });
  }
});

function problemOf(action: () => unknown): ConfigurationError {
  try {
    action();
  } catch (error) {
    if (error instanceof ConfigurationError) return error;
  }
  throw new Error('expected a ConfigurationError');
}
