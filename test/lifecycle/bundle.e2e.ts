import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { PRODUCTION } from '../fixtures/production.js';
import { built } from '../support/built.js';
import { ERAS } from '../support/eras/index.js';
import { ServerProcess } from '../support/server-process.js';
import { takeToken } from '../support/test-app.js';

const MAIN = resolve('bundle/main.js');

function bundle(...args: string[]): { readonly status: number | null; readonly stderr: string } {
  built('main.js');
  return spawnSync(process.execPath, ['container/bundle.ts', ...args], { encoding: 'utf8' });
}

describe('the bundle', () => {
  beforeAll(() => {
    const { status, stderr } = bundle();
    if (status !== 0) throw new Error(stderr);
  });

  it('serves clients of every era, and stops in order', async () => {
    const server = await ServerProcess.start({ NODE_ENV: 'development' }, undefined, MAIN);
    const token = await takeToken(server.url, 'alice', 'mcp:access');
    const texts = await Promise.all(
      ERAS.map(async ({ connect }) => {
        const client = await connect(server.url, token);
        const { result } = await client.call(1, 'tools/call', { name: 'echo', arguments: { message: 'hi' } });
        client.close();
        return (result as { content: unknown }).content;
      }),
    );
    expect(texts).toEqual(ERAS.map(() => [{ type: 'text', text: 'Echo: hi' }]));
    expect(await server.stop()).toBe(0);
  });

  it('refuses what the build refuses', async () => {
    const server = await ServerProcess.spawn({ ...PRODUCTION, HEARTBEAT: 'often' }, undefined, MAIN);
    expect(await server.exited).toBe(1);
    expect(server.output).toMatch(/^ConfigurationError: [^]+\n  HEARTBEAT /);
  });

  it('has maps that name the sources', () => {
    const sources = globSync('bundle/*.map').flatMap(
      (file) => (JSON.parse(readFileSync(file, 'utf8')) as { sources: string[] }).sources,
    );
    expect(sources).toContain('../src/tools/echo.tool.ts');
  });
});

it('a package that imports Nest does not stay outside', () => {
  const { status, stderr } = bundle('--external', 'nestjs-pino');
  expect(status).toBe(1);
  expect(stderr).toContain(
    "nestjs-pino can't stay outside the bundle: it imports @nestjs/common, which would be there twice",
  );
});
