import { existsSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { basename, relative, resolve, sep } from 'node:path';
import { parseArgs } from 'node:util';
import { type Plugin, rolldown } from 'rolldown';

// Puts the build and the packages that it imports into a few files in dist/bundle, which start in half of the time.
// dist/main.js and dist/stdio.js then import these files. docs/deploy.md
//
//   node container/bundle.ts [--external <package>]… [--or-leave] [--beside <folder> [--entry <file>]…]
//
// --or-leave: where the build cannot be bundled, it is left as it is, and the exit code is 0.
// --beside: writes to this folder, and leaves the build as it is. --entry: one more file to bundle, by its name.

const DIST = resolve('dist');
const BUNDLE = resolve(DIST, 'bundle');
const ENTRIES = ['main', 'stdio'];
const NODE_MODULES = `${sep}node_modules${sep}`;

/**
 * The server requires these packages by name for DTO tools: a bundled copy would not have the metadata of their
 * decorators.
 */
const REQUIRED_BY_NAME = ['class-transformer', 'class-validator', 'class-validator-jsonschema'];

/** Packages that must exist once in a process: Nest finds providers by their classes. */
const SINGLE = /^(@nestjs\/.+|rxjs|reflect-metadata)$/;

/** How a package loads its native addon. */
const ADDON = /\brequire\((['"`])(?:[^'"`]+\.node|bindings|node-gyp-build|@mapbox\/node-pre-gyp)\1\)/;
/** An import whose target is known only at run time. */
const COMPUTED_IMPORT = /(?<![\w.$])import\(\s*(?!['"\s/])/;
/** Where a module asks for its own path. */
const PLACE = /\b__(?:dirname|filename)\b|\bimport\.meta\.(?:url|dirname|filename)\b/g;
/** Defines, in each file of the bundle, what replaces {@link PLACE}; `path` is the way to the module. */
const PLACE_FUNCTION = `const __placeOf = (part, path) => {
  const url = new URL(path, import.meta.url);
  if (part === 'url') return url.href;
  const file = process.getBuiltinModule('node:url').fileURLToPath(url);
  return part === 'filename' ? file : process.getBuiltinModule('node:path').dirname(file);
};`;

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

interface Findings {
  /** Folders of packages that load a native addon. */
  readonly addons: Set<string>;
  /** Files of the build with an import that is computed at run time. */
  readonly computedImports: Set<string>;
}

/** Says why the build cannot be bundled. */
class NotBundled extends Error {}

const { values } = parseArgs({
  options: {
    external: { type: 'string', multiple: true, default: [] },
    'or-leave': { type: 'boolean', default: false },
    beside: { type: 'string' },
    entry: { type: 'string', multiple: true, default: [] },
  },
});
const OUT = values.beside === undefined ? BUNDLE : resolve(values.beside);
if (existsSync(BUNDLE)) throw new Error('dist is bundled already: npm run build compiles it anew');
try {
  for (const name of values.external) refuseWhereNestIsNeeded(name);
  await bundle([...REQUIRED_BY_NAME, ...values.external]);
} catch (error) {
  rmSync(OUT, { recursive: true, force: true });
  console.error('Not bundled:', error instanceof NotBundled ? error.message : error);
  process.exitCode = values['or-leave'] ? 0 : 1;
}

/** `outside`: the packages that stay in `node_modules`. Those with native addons join them. */
async function bundle(outside: readonly string[]): Promise<void> {
  rmSync(OUT, { recursive: true, force: true });
  const found: Findings = { addons: new Set(), computedImports: new Set() };
  await using build = await rolldown({
    input: Object.fromEntries([
      ...ENTRIES.map((entry) => [entry, resolve(DIST, `${entry}.js`)]),
      ...values.entry.map((file) => [basename(file, '.ts'), resolve(file)]),
    ]),
    platform: 'node',
    // Its paths lead to the sources, instead of to the build.
    tsconfig: false,
    // Packages that are not installed, such as Nest's optional ones, stay outside too.
    external: (id) =>
      id.endsWith('.node') || outside.some((name) => id === name || id.startsWith(`${name}/`)),
    plugins: [modules(found)],
    checks: { unresolvedImport: false },
  });
  const { output } = await build.write({
    dir: OUT,
    format: 'esm',
    sourcemap: true,
    chunkFileNames: '[name].js',
    banner: PLACE_FUNCTION,
    // Classes keep their names, in logs and errors.
    keepNames: true,
    // Otherwise decorators would run before the polyfill of Reflect.
    strictExecutionOrder: true,
  });
  for (const file of found.computedImports) {
    throw new NotBundled(
      `${file} imports a module by a name that it computes, and would load it a second time`,
    );
  }
  if (found.addons.size > 0) return bundle([...outside, ...[...found.addons].map(nameOutside)]);
  for (const entry of OUT === BUNDLE ? ENTRIES : [])
    writeFileSync(resolve(DIST, `${entry}.js`), `import './bundle/${entry}.js';\n`);
  const code = output.filter((file) => file.type === 'chunk');
  const bytes = code.reduce((sum, { code: { length } }) => sum + length, 0);
  console.log(`${relative('.', OUT)}: ${code.length} files, ${(bytes / 2 ** 20).toFixed(1)} MiB`);
}

/**
 * Reads modules. They still see their own path, since the files beside them are still there. Source maps name the files
 * in src/.
 */
function modules(found: Findings): Plugin {
  return {
    name: 'modules',
    load(id) {
      if (!/^[^\0].*\.[cm]?js$/.test(id)) return null;
      const path = relative(OUT, id).replaceAll(sep, '/');
      const text = readFileSync(id, 'utf8');
      if (id.includes(NODE_MODULES)) {
        if (ADDON.test(text)) found.addons.add(packageOf(id));
      } else if (COMPUTED_IMPORT.test(text)) found.computedImports.add(relative('.', id));
      const code = text.replace(
        PLACE,
        (place) => `__placeOf('${/[a-z]+(?=_*$)/.exec(place)![0]}', '${path}')`,
      );
      return existsSync(`${id}.map`) && id.startsWith(DIST)
        ? { code, map: readFileSync(`${id}.map`, 'utf8') }
        : { code };
    },
  };
}

/** The folder of the package that a module belongs to. */
function packageOf(id: string): string {
  const start = id.lastIndexOf(NODE_MODULES) + NODE_MODULES.length;
  const [scope, name] = id.slice(start).split(sep) as [string, string];
  return id.slice(0, start) + (scope.startsWith('@') ? `${scope}${sep}${name}` : scope);
}

/** The name by which the bundle imports this package with a native addon. */
function nameOutside(directory: string): string {
  const name = relative(realpathSync('node_modules'), directory).replaceAll(sep, '/');
  // dist/bundle would import another version of it, or none.
  if (name.includes(NODE_MODULES))
    throw new NotBundled(`${name} has a native addon and is installed inside a package`);
  refuseWhereNestIsNeeded(name);
  return name;
}

/** A package outside the bundle would import another Nest than the one in it. */
function refuseWhereNestIsNeeded(name: string): void {
  const manifest = resolve('node_modules', name, 'package.json');
  if (!existsSync(manifest)) throw new NotBundled(`${name} is not installed`);
  const { dependencies, peerDependencies } = JSON.parse(readFileSync(manifest, 'utf8')) as Manifest;
  const needed = Object.keys({ ...dependencies, ...peerDependencies }).find((other) => SINGLE.test(other));
  if (needed === undefined) return;
  throw new NotBundled(`${name} must stay outside, but imports ${needed}, which would be there twice`);
}
