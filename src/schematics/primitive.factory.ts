import type { Rule, Tree } from '@angular-devkit/schematics';
import { ModuleDeclarator, ModuleFinder, NameParser } from '@nestjs/schematics';
import { relative } from 'node:path/posix';
import { type PrimitiveKind, TEXTS } from './primitive.texts.js';

/** The package that this collection belongs to: inside its own repository, classes import from the source instead. */
export const LIBRARY = 'nestjs-mcp-server';

/** The options that the Nest CLI passes to `nest generate`. */
interface PrimitiveOptions {
  readonly name: string;
  readonly path?: string;
  readonly sourceRoot?: string;
  readonly spec?: boolean;
  readonly specFileSuffix?: string;
  readonly skipImport?: boolean;
}

/** `nest generate tool <name>`: the class, its spec, and its line in the nearest module. */
export const tool = (options: PrimitiveOptions): Rule => generate('tool', options);
export const resource = (options: PrimitiveOptions): Rule => generate('resource', options);
export const prompt = (options: PrimitiveOptions): Rule => generate('prompt', options);

/** Throws if the name is invalid, or a file of that name exists. */
function generate(kind: PrimitiveKind, options: PrimitiveOptions): Rule {
  return (tree) => {
    const isElsewhere = options.path !== undefined || options.name.includes('/');
    const root = [options.sourceRoot ?? 'src', ...(isElsewhere ? [] : ['tools'])];
    const at = new NameParser().parse({
      name: kebabCase(options.name, kind),
      path: [...root, ...(options.path === undefined ? [] : [options.path])].join('/'),
    });
    const { name } = at;
    if (!/^[a-z][a-z0-9-]*$/.test(name)) {
      throw new Error(
        `"${options.name}" is no name for a ${kind}: use letters, digits and hyphens, a letter first`,
      );
    }
    const folder: string = at.path;
    const className = `${words(name).map(capital).join('')}${capital(kind)}`;
    const { type, name: project } = manifestOf(tree);
    const isEsm = type === 'module';
    const texts = TEXTS[kind];
    const primitive = {
      name,
      className,
      title: capital(words(name).join(' ')),
      library: project === LIBRARY ? `${relative(folder, '/src')}/mcp/index.js` : LIBRARY,
      file: `./${name}.${kind}${isEsm ? '.js' : ''}`,
    };
    tree.create(`${folder}/${name}.${kind}.ts`, texts.source(primitive));
    if (options.spec !== false) {
      tree.create(`${folder}/${name}.${kind}.${options.specFileSuffix ?? 'spec'}.ts`, texts.spec(primitive));
    }
    if (options.skipImport !== true) declare(tree, { name, kind, className, path: at.path, isEsm });
    return tree;
  };
}

type Declared = {
  name: string;
  kind: PrimitiveKind;
  className: string;
  path: ReturnType<NameParser['parse']>['path'];
  isEsm: boolean;
};

/** Lists the class among the providers of the nearest module. */
function declare(tree: Tree, { name, kind, className, path, isEsm }: Declared): void {
  const module = new ModuleFinder(tree).find({ name, path });
  if (module === null)
    throw new Error(`There is no module in ${path} or above it: make one, or use --skip-import`);
  const options = { metadata: 'providers', type: kind, name, className, path, module, isEsm };
  tree.overwrite(module, new ModuleDeclarator().declare(tree.readText(module), options));
}

export function manifestOf(tree: Tree): { name?: string; version?: string; type?: string } {
  return tree.exists('package.json')
    ? (tree.readJson('package.json') as { name?: string; type?: string })
    : {};
}

/** `orders/InvoiceOrdersTool` → `orders/invoice-orders`. */
function kebabCase(name: string, kind: PrimitiveKind): string {
  const kebab = name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replaceAll(/[\s_]+/g, '-')
    .toLowerCase();
  return kebab.endsWith(`-${kind}`) ? kebab.slice(0, -kind.length - 1) : kebab;
}

const words = (name: string): string[] => name.split('-').filter((word) => word !== '');
const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);
