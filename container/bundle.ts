import { existsSync, readFileSync, rmSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Plugin, rolldown } from 'rolldown';

// Puts the build and the packages that it imports into a few files, which start in half of the time. docs/deploy.md
//
//   node container/bundle.ts [--external <package>]…

const DIST = resolve('dist');
const OUT = 'bundle';

/**
 * The server requires these packages by name for DTO tools: a bundled copy would not have the metadata of their
 * decorators.
 */
const REQUIRED_BY_NAME = ['class-transformer', 'class-validator', 'class-validator-jsonschema'];

/** Packages that must exist once in a process: Nest finds providers by their classes. */
const SINGLE = /^(@nestjs\/.+|rxjs|reflect-metadata)$/;

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

const { values } = parseArgs({ options: { external: { type: 'string', multiple: true, default: [] } } });
for (const name of values.external) refuseWhereNestIsNeeded(name);
rmSync(OUT, { recursive: true, force: true });
const outside = [...REQUIRED_BY_NAME, ...values.external];
const bundle = await rolldown({
  input: { main: resolve(DIST, 'main.js'), stdio: resolve(DIST, 'stdio.js') },
  platform: 'node',
  // Packages that are not installed, such as Nest's optional ones, stay outside too.
  external: (id) => outside.some((name) => id === name || id.startsWith(`${name}/`)),
  plugins: [sourcesOf()],
  checks: { unresolvedImport: false },
});
const { output } = await bundle.write({
  dir: OUT,
  format: 'esm',
  sourcemap: true,
  // Classes keep their names, in logs and errors.
  keepNames: true,
  // Otherwise decorators would run before the polyfill of Reflect.
  strictExecutionOrder: true,
});
await bundle.close();
const code = output.filter((file) => file.type === 'chunk');
const bytes = code.reduce((sum, { code: { length } }) => sum + length, 0);
console.log(`${OUT}: ${code.length} files, ${(bytes / 2 ** 20).toFixed(1)} MiB`);

/** Lets the source maps of the bundle name the files in src/. */
function sourcesOf(): Plugin {
  return {
    name: 'sources',
    load(id) {
      if (!id.startsWith(DIST) || !existsSync(`${id}.map`)) return null;
      return { code: readFileSync(id, 'utf8'), map: readFileSync(`${id}.map`, 'utf8') };
    },
  };
}

/** A package outside the bundle would import another Nest than the one in it. */
function refuseWhereNestIsNeeded(name: string): void {
  const manifest = findPackageJSON(name, resolve('package.json'));
  if (manifest === undefined) throw new Error(`${name} is not installed`);
  const { dependencies, peerDependencies } = JSON.parse(readFileSync(manifest, 'utf8')) as Manifest;
  const needed = Object.keys({ ...dependencies, ...peerDependencies }).find((other) => SINGLE.test(other));
  if (needed === undefined) return;
  throw new Error(`${name} can't stay outside the bundle: it imports ${needed}, which would be there twice`);
}
