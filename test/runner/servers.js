import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, statSync } from 'node:fs';

const PRELOADS = [
  'test/support/four-tools.preload.ts',
  'test/support/extra-tool.preload.ts',
  'test/support/stdio-tools.preload.ts',
];
const OUT = 'node_modules/.cache/test-servers';

/**
 * Bundles the build for the tests that start server processes, with the modules that they preload, unless it is there:
 * a bundle starts with half of the processor time. Without a build, or with one that `npm run build` has bundled, it does
 * nothing: tests that need one fail and say so.
 */
export default function bundleServers() {
  if (!existsSync('dist/main.js') || existsSync('dist/bundle')) return;
  const newest = Math.max(...['dist/main.js', ...PRELOADS, 'container/bundle.ts'].map(changed));
  if (existsSync(`${OUT}/main.js`) && changed(`${OUT}/main.js`) > newest) return;
  const entries = PRELOADS.flatMap((file) => ['--entry', file]);
  mkdirSync(OUT, { recursive: true });
  execFileSync(process.execPath, ['container/bundle.ts', '--beside', OUT, ...entries], { stdio: 'pipe' });
}

function changed(file) {
  return statSync(file).mtimeMs;
}
