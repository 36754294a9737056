import { NodeWorkflow } from '@angular-devkit/schematics/tools/index.js';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { lastValueFrom } from 'rxjs';
import { built } from '../support/built.js';

const run = promisify(execFile);
const { name } = JSON.parse(readFileSync('package.json', 'utf8')) as { name: string };

const LINKED = ['@nestjs', '@angular-devkit', '@types', 'typescript', 'zod', 'rxjs', 'reflect-metadata'];
const APP_MODULE = `import { Module } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';

@Module({
  imports: [ConfigModule.forRoot({ load: [() => ({ list: [1] })] })],
  controllers: [],
  providers: [],
})
export class AppModule {}
`;
const SCRIPT = `
  import { NestFactory } from '@nestjs/core';
  import { AppModule } from './src/app.module.js';
  const app = await NestFactory.create(AppModule, { logger: false });
  await app.listen(0, '127.0.0.1');
  const url = 'http://127.0.0.1:' + app.getHttpServer().address().port;
  const { token } = await (await fetch(url + '/auth/token?username=a&scope=mcp:access')).json();
  const list = async (method) => {
    const reply = await fetch(url + '/mcp', {
      method: 'POST',
      headers: {
        Authorization: 'Bearer ' + token,
        'Content-Type': 'application/json',
        Accept: 'application/json, text/event-stream',
        'Mcp-Protocol-Version': '2026-07-28',
        'Mcp-Method': method,
      },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method,
        params: {
          _meta: {
            'io.modelcontextprotocol/protocolVersion': '2026-07-28',
            'io.modelcontextprotocol/clientInfo': { name: 'c', version: '1' },
            'io.modelcontextprotocol/clientCapabilities': {},
          },
        },
      }),
    });
    return JSON.parse((await reply.text()).replace(/^data: /m, '')).result;
  };
  const { tools } = await list('tools/list');
  const { resources } = await list('resources/list');
  const { prompts } = await list('prompts/list');
  console.log(JSON.stringify([...tools, ...resources, ...prompts].map(({ name }) => name)));
  await app.close();
`;

/** An application as `nest new` makes it, with the built package among its modules. */
let project: string;
beforeAll(() => {
  built('schematics/collection.json');
  project = mkdtempSync(join(tmpdir(), 'mcp-generated-'));
  mkdirSync(join(project, 'src'));
  mkdirSync(join(project, 'node_modules'));
  symlinkSync(resolve('.'), join(project, 'node_modules', name), 'dir');
  for (const linked of LINKED) {
    symlinkSync(resolve('node_modules', linked), join(project, 'node_modules', linked), 'dir');
  }
  const manifest = { name: 'shop', version: '3.2.1', type: 'module', dependencies: { zod: '4' } };
  writeFileSync(join(project, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(project, 'nest-cli.json'), JSON.stringify({ sourceRoot: 'src' }));
  writeFileSync(join(project, 'src/app.module.ts'), APP_MODULE);
});
afterAll(() => rmSync(project, { recursive: true }));

const read = (path: string): string => readFileSync(join(project, path), 'utf8');

/** Runs a schematic as the command line does, without a process of its own. */
async function schematic(schematic: string, options: object): Promise<void> {
  const workflow = new NodeWorkflow(project, { resolvePaths: [project] });
  await lastValueFrom(workflow.execute({ collection: name, schematic, options }), {
    defaultValue: undefined,
  });
}

async function nest(...args: string[]): Promise<string> {
  const env = { ...process.env, FORCE_COLOR: '0' };
  const cli = resolve('node_modules/@nestjs/cli/bin/nest.js');
  const { stdout, stderr } = await run(process.execPath, [cli, ...args], { cwd: project, env });
  return stdout + stderr;
}

it('nest add imports the server in the root module, once', async () => {
  expect(await nest('add', name, '--skip-install')).toContain('MCP_SECRET');
  const added = read('src/app.module.ts');
  expect(added).toContain(`import { McpServerModule } from '${name}';`);
  expect(added).toContain("name: 'shop'");
  expect(added).toContain("version: '3.2.1'");
  await schematic('nest-add', {});
  expect(read('src/app.module.ts')).toBe(added);
});

it('nest generate makes class, spec and provider of each kind', async () => {
  await nest('generate', '-c', name, 'tool', 'CountSheep');
  await schematic('resource', { name: 'meadow/sheep' });
  await nest('generate', '-c', name, 'prompt', 'praise-sheep', '--no-spec');
  expect(read('src/tools/count-sheep.tool.spec.ts')).toContain("from './count-sheep.tool.js'");
  expect(read('src/meadow/sheep.resource.spec.ts')).toContain('SheepResource');
  expect(() => read('src/tools/praise-sheep.prompt.spec.ts')).toThrow('ENOENT');
  const module = read('src/app.module.ts');
  expect(module).toContain("import { CountSheepTool } from './tools/count-sheep.tool.js';");
  expect(module).toMatch(/providers: \[CountSheepTool, SheepResource, PraiseSheepPrompt\]/);
});

it('a name that is none is refused, and nothing is written', async () => {
  const module = read('src/app.module.ts');
  await expect(schematic('tool', { name: '9lives' })).rejects.toThrow('"9lives" is no name for a tool');
  expect(read('src/app.module.ts')).toBe(module);
});

it('what they made compiles with the types of the package, starts and is listed', async () => {
  const tsc = resolve('node_modules/typescript/bin/tsc');
  const options = ['--strict', '--module', 'nodenext', '--target', 'es2023', '--experimentalDecorators'];
  const more = ['--emitDecoratorMetadata', '--skipLibCheck', '--types', 'node', 'src/app.module.ts'];
  await expect(run(process.execPath, [tsc, ...options, ...more], { cwd: project })).resolves.toMatchObject({
    stdout: '',
  });
  const env = {
    ...process.env,
    NODE_ENV: 'development',
    MCP_SECRET: 'a secret of more than 32 characters, only here',
  };
  const ran = await run(process.execPath, ['--input-type=module', '-e', SCRIPT], { cwd: project, env });
  expect(JSON.parse(ran.stdout)).toEqual(['count-sheep', 'sheep', 'praise-sheep']);
});

it('the package shows nothing of its inside', async () => {
  const script = `await import('${name}/dist/mcp/index.js')`;
  const ran = run(process.execPath, ['--input-type=module', '-e', script], { cwd: project });
  await expect(ran).rejects.toThrow('ERR_PACKAGE_PATH_NOT_EXPORTED');
});
