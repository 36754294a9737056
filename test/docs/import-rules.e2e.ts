import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

type Planted = readonly [folder: string, from: string, rule?: string];

const WRONG: readonly Planted[] = [
  ['src', './auth/jwt-auth.guard.js', 'through-index'],
  ['src/audit', '../main.js', 'audit-imports'],
  ['src/auth', '../bootstrap/http-app.js', 'auth-imports'],
  ['src/auth', '../mcp/gate/gate.js', 'through-index'],
  ['src/auth', '@modelcontextprotocol/sdk/types.js', 'sdk-in-messages-only'],
  ['src/auth/tokens', '../../backplane/records.js', 'through-index'],
  ['src/backplane/redis', '../../audit/index.js', 'backplane-imports'],
  ['src/config', '../app.module.js', 'config-imports'],
  ['src/http', '../auth/index.js', 'http-imports'],
  ['src/mcp/catalog', '../invocation/call.js', 'mcp-catalog-imports'],
  ['src/mcp/messages', '../sessions/session.js', 'mcp-messages-imports'],
  ['src/mcp/client-input', '../invocation/call.js', 'mcp-client-input-imports'],
  ['src/mcp/protocol', '../gate/gate.js', 'mcp-protocol-imports'],
  ['src/mcp/sessions', '../../config/index.js', 'mcp-imports'],
  ['src/mcp/transports/stdio', '@modelcontextprotocol/sdk/types.js', 'sdk-in-messages-only'],
  ['src/observability', '../mcp/index.js', 'observability-imports'],
  ['src/orders', '../mcp/catalog/tool.registry.js', 'through-index'],
  ['src/tools', '../config/index.js', 'tools-imports'],
  ['src/tools/orders', '@modelcontextprotocol/sdk/types.js', 'sdk-in-messages-only'],
  ['src/tools', './not-there.js', 'found'],
];

const RIGHT: readonly Planted[] = [
  ['src', './mcp/index.js'],
  ['src/auth', '../mcp/index.js'],
  ['src/auth/tokens', '../../backplane/index.js'],
  ['src/mcp/messages', '@modelcontextprotocol/sdk/types.js'],
  ['src/mcp/transports', '../sessions/session.js'],
  ['src/orders', '../mcp/index.js'],
  ['src/tools/orders', '../../orders/order.service.js'],
];

interface Report {
  readonly summary: {
    readonly violations: readonly { readonly from: string; readonly rule: { readonly name: string } }[];
  };
}

/** Plants a file for each import in a copy of the sources. Returns the rules that each file breaks. */
function rulesBrokenBy(imports: readonly Planted[]): readonly (readonly string[])[] {
  const project = mkdtempSync(join(tmpdir(), 'import-rules-'));
  try {
    for (const file of ['.dependency-cruiser.js', 'tsconfig.json', 'package.json', 'src']) {
      cpSync(file, join(project, file), { recursive: true });
    }
    symlinkSync(resolve('node_modules'), join(project, 'node_modules'));
    const plant = (file: string, text: string): void => {
      mkdirSync(join(project, file, '..'), { recursive: true });
      writeFileSync(join(project, file), text);
    };
    plant('src/orders/order.service.ts', 'export const thing = 1;\n');
    const files = imports.map(([folder], at) => `${folder}/planted-${at}.ts`);
    imports.forEach(([, from], at) =>
      plant(files[at]!, `import type { thing } from '${from}';\nexport type T = thing;\n`),
    );
    const depcruise = resolve('node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');
    // Reads only the planted files: what the others import is checked by `npm run lint`.
    const args = [...files, '--do-not-follow', '.', '--output-type', 'json'];
    const { stdout } = spawnSync(process.execPath, [depcruise, ...args], {
      cwd: project,
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
    });
    const { violations } = (JSON.parse(stdout) as Report).summary;
    return files.map((file) => violations.filter(({ from }) => from === file).map(({ rule }) => rule.name));
  } finally {
    rmSync(project, { recursive: true });
  }
}

it('refuses each import against the rules, by the rule that it breaks, and no other', () => {
  const planted = [...WRONG, ...RIGHT];
  const broken = rulesBrokenBy(planted);
  planted.forEach(([folder, from, rule], at) => {
    expect([folder, from, broken[at]]).toEqual([folder, from, rule === undefined ? [] : [rule]]);
  });
});
