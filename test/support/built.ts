import { existsSync, globSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const found = new Map<string, string>();

/** The files that `tsconfig.build.json` builds. */
const SOURCES = 'src/**/*.ts';
const NOT_BUILT = /\.(spec|contract)\.ts$|\/fixtures\//;

/** The path of a built file. Throws if `dist/` lacks it or is older than the source: a test would run old code. */
export function built(file: string): string {
  const known = found.get(file);
  if (known !== undefined) return known;
  const path = resolve('dist', file);
  if (!existsSync(path)) throw new Error(`dist/${file} is missing: run npx nest build`);
  const builtAt = statSync(path).mtimeMs;
  const newer = globSync(SOURCES).find(
    (source) => !NOT_BUILT.test(source) && statSync(source).mtimeMs > builtAt,
  );
  if (newer !== undefined) throw new Error(`dist/${file} is older than ${newer}: run npx nest build`);
  // The tests of several nodes replace methods of the built classes.
  if (existsSync(resolve('dist/bundle'))) throw new Error('dist/ is bundled: run npx nest build');
  found.set(file, path);
  return path;
}

/** The path of a file of the bundle that the tests start: test/runner/servers.js. Throws like `built`. */
export function bundled(file: string): string {
  built('main.js');
  return resolve('node_modules/.cache/test-servers', file);
}

/** The option of Node that preloads `<name>.preload.ts`, which is in the bundle of the tests. */
export function preloading(name: string): string {
  return `--import=${pathToFileURL(bundled(`${name}.preload.js`)).href}`;
}
