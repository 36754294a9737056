import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { built } from '../support/built.js';

const run = promisify(execFile);

const { name } = JSON.parse(readFileSync('package.json', 'utf8')) as { name: string };

/** What a host writes. */
const HOST = `
import { Module } from '@nestjs/common';
import { type McpTool, McpServerModule, Tool } from '${name}';
import { z } from 'zod';

const input = z.object({ text: z.string() });

@Tool({ name: 'shout', description: 'In capitals.', input })
export class ShoutTool implements McpTool<typeof input> {
  execute({ text }: z.infer<typeof input>): string {
    return text.toUpperCase();
  }
}

@Module({
  imports: [McpServerModule.forRoot({ name: 'host', version: '1.0.0', auth: { secret: 'x' } })],
  providers: [ShoutTool],
})
export class HostModule {}
`;

/** A project of its own that has the built package among its modules, and the same dependencies. */
let project: string;
beforeAll(() => {
  built('index.js');
  project = mkdtempSync(join(tmpdir(), 'mcp-host-'));
  mkdirSync(join(project, 'node_modules'));
  symlinkSync(resolve('.'), join(project, 'node_modules', name), 'dir');
  for (const dependency of ['@nestjs', 'zod', '@types', 'rxjs', 'reflect-metadata']) {
    symlinkSync(resolve('node_modules', dependency), join(project, 'node_modules', dependency), 'dir');
  }
  writeFileSync(join(project, 'package.json'), '{"type":"module"}');
  writeFileSync(join(project, 'host.ts'), HOST);
});
afterAll(() => rmSync(project, { recursive: true }));

it('is imported by its name, types and all, with an application’s strict settings', async () => {
  const options = ['--strict', '--module', 'nodenext', '--target', 'es2023', '--experimentalDecorators'];
  const more = ['--emitDecoratorMetadata', '--skipLibCheck', '--types', 'node', 'host.ts'];
  const tsc = resolve('node_modules/typescript/bin/tsc');
  const compiled = run(process.execPath, [tsc, ...options, ...more], { cwd: project });
  await expect(compiled).resolves.toMatchObject({ stdout: '' });
  const script = "import { HostModule } from './host.js'; console.log(HostModule.name);";
  const ran = await run(process.execPath, ['--input-type=module', '-e', script], { cwd: project });
  expect(ran.stdout).toBe('HostModule\n');
});

it('shows nothing of its inside', async () => {
  const script = `await import('${name}/dist/mcp/index.js')`;
  const ran = run(process.execPath, ['--input-type=module', '-e', script], { cwd: project });
  await expect(ran).rejects.toThrow('ERR_PACKAGE_PATH_NOT_EXPORTED');
});
