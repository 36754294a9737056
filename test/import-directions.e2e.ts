import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const OXLINT = resolve('node_modules/oxlint/bin/oxlint');

type Import = readonly [folder: string, from: string];

const FORBIDDEN: readonly Import[] = [
  ['src', './auth/jwt-auth.guard.js'],
  ['src', './mcp/sessions/session.service.js'],
  ['src/config', '../app.setup.js'],
  ['src/backplane/memory', '../../app.module.js'],
  ['src/audit', '../app.module.js'],
  ['src/auth/tokens', '../../app.setup.js'],
  ['src/http', '../main.js'],
  ['src/observability', '../stdio.start.js'],
  ['src/mcp/sessions', '../../app.module.js'],
  ['src/mcp/protocol', '../../app.setup.js'],
  ['src/tools', '../app.module.js'],
  ['src/config', '../auth/index.js'],
  ['src/config', '../backplane/index.js'],
  ['src/backplane', '../mcp/index.js'],
  ['src/backplane/memory', '../../auth/index.js'],
  ['src/backplane', '../audit/index.js'],
  ['src/backplane/redis', '../../config/settings.js'],
  ['src/audit', '../auth/index.js'],
  ['src/audit', '../backplane/index.js'],
  ['src/audit', '../config/settings.js'],
  ['src/auth', '../mcp/index.js'],
  ['src/auth', '../audit/line-audit.trail.js'],
  ['src/auth/tokens', '../../tools/echo.tool.js'],
  ['src/auth/tokens', '../../backplane/record-store.js'],
  ['src/auth', '../config/settings.js'],
  ['src/mcp', '../auth/index.js'],
  ['src/mcp/sessions', '../../config/index.js'],
  ['src/mcp/sessions', '../../backplane/memory/memory-record.store.js'],
  ['src/mcp/invocation', '../../audit/line-audit.trail.js'],
  ['src/mcp/protocol', '../../tools/echo.tool.js'],
  ['src/mcp/transports/http-sse', '../../../auth/index.js'],
  ['src/mcp/catalog', '@modelcontextprotocol/sdk/types.js'],
  ['src/mcp/protocol', '@modelcontextprotocol/sdk/types.js'],
  ['src/mcp/transports', '@modelcontextprotocol/sdk/types.js'],
  ['src/mcp/messages', '../decorators/call-context.js'],
  ['src/mcp/decorators', '../sessions/session.js'],
  ['src/mcp/sessions', '../catalog/entry.js'],
  ['src/mcp/enhancers', '../catalog/entry.js'],
  ['src/mcp/catalog', '../invocation/call.js'],
  ['src/mcp/invocation', '../protocol/feature.js'],
  ['src/mcp/protocol/features', '../../transports/sse.stream.js'],
  ['src/observability', '../mcp/index.js'],
  ['src/observability', '../audit/index.js'],
  ['src/http', '../auth/index.js'],
  ['src/tools', '../auth/index.js'],
  ['src/tools', '../audit/index.js'],
  ['src/tools/orders', '../../config/index.js'],
  ['src/tools', '../mcp/catalog/tool.registry.js'],
  ['src/tools', '@modelcontextprotocol/sdk/types.js'],
];

const ALLOWED: readonly Import[] = [
  ['src', './mcp/index.js'],
  ['src', './tools/tools.module.js'],
  ['src', './orders/order.module.js'],
  ['src/auth/tokens', '../../backplane/index.js'],
  ['src/auth', '../config/index.js'],
  ['src/auth', '../audit/index.js'],
  ['src/audit', '../config/index.js'],
  ['src/mcp/invocation', '../../audit/index.js'],
  ['src/backplane/redis', '../../config/index.js'],
  ['src/mcp/sessions', '../../backplane/index.js'],
  ['src/mcp/messages', '@modelcontextprotocol/sdk/types.js'],
  ['src/mcp/protocol/features', '../../invocation/call.factory.js'],
  ['src/mcp/invocation', '../catalog/entry.js'],
  ['src/mcp/catalog', '../mcp.options.js'],
  ['src/mcp/transports', '../messages/json-rpc.js'],
  ['src/tools', '../mcp/index.js'],
  ['src/tools/orders', '../../mcp/index.js'],
  ['src/tools', './order.service.js'],
];

/** The files, of an otherwise empty project with this project's rules, whose import is refused. */
function lint(imports: readonly Import[]): ReadonlySet<string> {
  const project = mkdtempSync(join(tmpdir(), 'import-directions-'));
  try {
    for (const file of ['.oxlintrc.json', 'tsconfig.json', 'package.json']) cpSync(file, join(project, file));
    symlinkSync(resolve('node_modules'), join(project, 'node_modules'));
    for (const [index, [folder, from]] of imports.entries()) {
      mkdirSync(join(project, folder), { recursive: true });
      writeFileSync(
        join(project, folder, `a${index}.ts`),
        `import { thing } from '${from}';\nexport const used = [thing];\n`,
      );
    }
    const { stdout } = spawnSync(process.execPath, [OXLINT, '--format', 'json'], {
      cwd: project,
      encoding: 'utf8',
    });
    const { diagnostics } = JSON.parse(stdout) as { diagnostics: { code?: string; filename: string }[] };
    return new Set(
      diagnostics
        .filter(({ code }) => code?.includes('no-restricted-imports'))
        .map(({ filename }) => filename),
    );
  } finally {
    rmSync(project, { recursive: true });
  }
}

describe('import directions', () => {
  const all = [...FORBIDDEN, ...ALLOWED];
  let refused: ReadonlySet<string>;
  beforeAll(() => {
    refused = lint(all);
  });
  const isRefused = (index: number): boolean => refused.has(`${all[index]![0]}/a${index}.ts`);

  it.each(FORBIDDEN.map((rule, index) => [...rule, index] as const))(
    '%s may not import %s',
    (_folder, _from, index) => {
      expect(isRefused(index)).toBe(true);
    },
  );

  it.each(ALLOWED.map((rule, index) => [...rule, FORBIDDEN.length + index] as const))(
    '%s may import %s',
    (_folder, _from, index) => {
      expect(isRefused(index)).toBe(false);
    },
  );
});
