import type { Rule } from '@angular-devkit/schematics';
import { type DeclarationOptions, ModuleDeclarator } from '@nestjs/schematics';
import { LIBRARY, manifestOf } from './primitive.factory.js';

/** As `npm install zod` would write it. */
const ZOD = '^4.6.0';

/**
 * `nest add`: imports the server in `app.module.ts` of the source root, with the name and the version of the
 * application, and adds zod. Throws if there is no such module. A module that already has the import is not changed.
 */
export function nestAdd({ sourceRoot = 'src' }: { readonly sourceRoot?: string }): Rule {
  return (tree, context) => {
    const module = `/${sourceRoot}/app.module.ts`;
    if (!tree.exists(module)) {
      throw new Error(`There is no ${module.slice(1)}: import McpServerModule in your root module by hand`);
    }
    const text = tree.readText(module);
    if (text.includes('McpServerModule')) return tree;
    const { name = 'mcp-server', version = '0.0.0' } = manifestOf(tree);
    const imported = new ModuleDeclarator().declare(text, {
      metadata: 'imports',
      className: 'McpServerModule',
      name: 'mcp-server',
      path: `/${sourceRoot}`,
      module,
    } as unknown as DeclarationOptions);
    const forRoot = `McpServerModule.forRoot({
      name: '${name}',
      version: '${version}',
      // For production also \`publicUrl\`, where clients reach this application.
      auth: { secret: process.env.MCP_SECRET, devTokens: process.env.NODE_ENV !== 'production' },
    })`;
    // The symbol occurs twice: in the import statement, and in the imports of the module.
    const [before, between, after] = imported
      .replace("from './mcp-server';", `from '${LIBRARY}';`)
      .split('McpServerModule');
    tree.overwrite(module, `${before}McpServerModule${between}${forRoot}${after}`);
    addZod();
    context.logger.info(
      [
        'Start it with a secret of at least 32 characters, and add a tool:',
        `  MCP_SECRET=$(node -p "crypto.randomBytes(32).toString('base64url')") npm run start:dev`,
        `  npx nest generate -c ${LIBRARY} tool hello`,
      ].join('\n'),
    );
    return tree;

    function addZod(): void {
      const manifest = tree.readJson('package.json') as { dependencies?: Record<string, string> };
      if (manifest.dependencies?.['zod'] !== undefined) return;
      manifest.dependencies = { ...manifest.dependencies, zod: ZOD };
      tree.overwrite('package.json', `${JSON.stringify(manifest, undefined, 2)}\n`);
      context.addTask({ toConfiguration: () => ({ name: 'node-package', options: { command: 'install' } }) });
    }
  };
}
