import { spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, existsSync, globSync, mkdirSync, mkdtempSync, readdirSync } from 'node:fs';
import { readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { PRODUCTION } from '../fixtures/production.js';
import { built } from '../support/built.js';
import { ERAS } from '../support/eras/index.js';
import { ServerProcess } from '../support/server-process.js';
import { takeToken } from '../support/test-app.js';

const MAIN = built('main.js');
/** A real addon: that of the bundler. */
const [ADDON] = globSync(resolve('node_modules/@rolldown/binding-*/*.node')) as [string];

/** A copy of the built project, since other tests use the build at the same time. */
class Project {
  readonly directory = mkdtempSync(join(tmpdir(), 'bundle-'));
  readonly main = join(this.directory, 'dist/main.js');

  constructor() {
    cpSync(dirname(MAIN), join(this.directory, 'dist'), { recursive: true });
    cpSync(resolve('package.json'), join(this.directory, 'package.json'));
    mkdirSync(join(this.directory, 'node_modules'));
    for (const name of readdirSync(resolve('node_modules'))) {
      symlinkSync(resolve('node_modules', name), join(this.directory, 'node_modules', name));
    }
  }

  /** Adds a package. */
  add(name: string, index: string, manifest: object = {}): string {
    const directory = join(this.directory, 'node_modules', name);
    mkdirSync(directory);
    writeFileSync(join(directory, 'package.json'), JSON.stringify({ name, main: 'index.js', ...manifest }));
    writeFileSync(join(directory, 'index.js'), index);
    return directory;
  }

  /** Adds code to the tool `echo`. */
  addToTool(code: string): void {
    appendFileSync(join(this.directory, 'dist/tools/echo.tool.js'), `\n${code}\n`);
  }

  bundle(...args: string[]): { readonly status: number | null; readonly stderr: string } {
    const script = resolve('container/bundle.ts');
    return spawnSync(process.execPath, [script, ...args], { cwd: this.directory, encoding: 'utf8' });
  }
}

function added(project: Project): void {
  const addon = project.add('with-addon', "module.exports = require('./addon.node');");
  cpSync(ADDON, join(addon, 'addon.node'));
  const file = project.add(
    'with-file',
    "module.exports = require('fs').readFileSync(__dirname + '/note.txt');",
  );
  writeFileSync(join(file, 'note.txt'), 'a note');
  project.addToTool(`
    import addon from 'with-addon';
    import note from 'with-file';
    console.error(JSON.stringify({
      addon: Object.keys(addon).length > 0,
      note: String(note),
      url: import.meta.url.endsWith('/dist/tools/echo.tool.js'),
      folder: import.meta.dirname.endsWith('tools'),
    }));`);
}

describe('the bundle', () => {
  const project = new Project();
  beforeAll(() => {
    added(project);
    const { status, stderr } = project.bundle();
    if (status !== 0) throw new Error(stderr);
  });
  afterAll(() => rmSync(project.directory, { recursive: true }));

  it('serves clients of every era, and stops in order', async () => {
    const server = await ServerProcess.start({ NODE_ENV: 'development' }, undefined, project.main);
    const token = await takeToken(server.url, 'alice', 'mcp:access');
    const texts = await Promise.all(
      ERAS.map(async ({ connect }) => {
        const client = await connect(server.url, token);
        const { result } = await client.request(1, 'tools/call', {
          name: 'echo',
          arguments: { message: 'hi' },
        });
        client.close();
        return (result as { content: unknown }).content;
      }),
    );
    expect(texts).toEqual(ERAS.map(() => [{ type: 'text', text: 'Echo: hi' }]));
    expect(server.logs).toContainEqual({ addon: true, note: 'a note', url: true, folder: true });
    expect(await server.stop()).toBe(0);
  });

  it('refuses what the build refuses', async () => {
    const server = await ServerProcess.spawn({ ...PRODUCTION, HEARTBEAT: 'often' }, undefined, project.main);
    expect(await server.exited).toBe(1);
    expect(server.output).toMatch(/^ConfigurationError: [^]+\n  HEARTBEAT /m);
  });

  it('has maps that name the sources', () => {
    const sources = globSync(join(project.directory, 'dist/bundle/*.map')).flatMap(
      (file) => (JSON.parse(readFileSync(file, 'utf8')) as { sources: string[] }).sources,
    );
    expect(sources).toContain('../../src/tools/echo.tool.ts');
  });

  it('is not bundled again', () => {
    expect(project.bundle()).toMatchObject({ status: 1, stderr: expect.stringContaining('bundled already') });
  });
});

describe('a build that cannot be bundled', () => {
  const NEEDS_NEST = 'must stay outside, but imports @nestjs/common, which would be there twice';
  const REASONS: Record<string, (project: Project) => readonly string[]> = {
    [`nestjs-pino ${NEEDS_NEST}`]: () => ['--external', 'nestjs-pino'],
    [`for-nest ${NEEDS_NEST}`]: (project) => {
      project.add('for-nest', "require('bindings')('x');", { peerDependencies: { '@nestjs/common': '*' } });
      project.addToTool("import 'for-nest';");
      return [];
    },
    'dist/tools/echo.tool.js imports a module by a name that it computes': (project) => {
      project.addToTool('export const load = (name) => import(`./${name}.tool.js`);');
      return [];
    },
  };

  it.each(Object.keys(REASONS))('%s: it is left as compiled', (reason) => {
    const project = new Project();
    const args = REASONS[reason]!(project);
    const before = readFileSync(project.main, 'utf8');
    expect(project.bundle(...args)).toMatchObject({ status: 1, stderr: expect.stringContaining(reason) });
    expect(readFileSync(project.main, 'utf8')).toBe(before);
    expect(existsSync(join(project.directory, 'dist/bundle'))).toBe(false);
    rmSync(project.directory, { recursive: true });
  });

  it('is left as compiled without a failure with --or-leave', () => {
    const project = new Project();
    const args = ['--external', 'absent', '--or-leave'];
    expect(project.bundle(...args)).toMatchObject({
      status: 0,
      stderr: expect.stringContaining('Not bundled: absent is not installed'),
    });
    expect(existsSync(join(project.directory, 'dist/bundle'))).toBe(false);
    rmSync(project.directory, { recursive: true });
  });
});
