import { readFileSync } from 'node:fs';
import { withExtraTool } from '../support/extra-tool.js';
import { ServerProcess } from '../support/server-process.js';

const SECRET = 'canary-secret-canary-secret-canary-secret';

/** The output and the exit code of a process that stops by itself. */
async function refusal(env: Record<string, string>): Promise<{ output: string; code: unknown }> {
  const server = await ServerProcess.spawn({ NODE_ENV: 'development', JWT_SECRET: SECRET, ...env });
  const code = await server.exited;
  return { output: server.output, code };
}

it('logs the number of tools, resources and prompts, and a class that no module lists', async () => {
  const server = await ServerProcess.start({ NODE_ENV: 'development', ...withExtraTool('slow') });
  const [unlisted, started] = ['wiring.not_listed', 'server.started'].map((event) => server.events(event));
  await server.stop();
  const reason: unknown = expect.stringContaining('no module lists it');
  expect(unlisted).toContainEqual(expect.objectContaining({ class: 'ForgottenTool', reason }));
  expect(started).toEqual([expect.objectContaining({ tools: 5, resources: 0, prompts: 0 })]);
});

describe('the process does not start', () => {
  it('with wrong settings: it names each, and prints nothing else', async () => {
    const { output, code } = await refusal({
      PORT: 'canary-port',
      HEARTBEAT: 'often',
      SESSION_MAXX: '1h',
      JWT_SECRET: '',
      JWT_SECRET_FILE: '/nowhere/canary',
    });
    expect(code).toBe(1);
    expect(output).toMatch(/^ConfigurationError: The server can't start with this configuration:\n/);
    for (const name of ['PORT', 'HEARTBEAT', 'JWT_SECRET_FILE'])
      expect(output).toMatch(new RegExp(`^  ${name} .+\\n      for example: .+$`, 'm'));
    expect(output).toContain('did you mean SESSION_MAX?');
    expect(output).not.toMatch(/canary|\n\s+at |node_modules|\.js:/);
  });

  it('with a tool that is wired wrongly: it names the class', async () => {
    const { output, code } = await refusal(withExtraTool('misnamed'));
    expect(code).toBe(1);
    expect(output).toMatch(/^WiringError: Class SlowTool: the name "no good" is not allowed; use .*\n$/);
  });

  it('with a provider that no module lists: it says so once, and nothing else', async () => {
    const { output, code } = await refusal(withExtraTool('needy'));
    expect(code).toBe(1);
    expect(output).toMatch(/^Error: Nest can't resolve dependencies of the NeedyTool \(\?\)\./);
    expect(output.match(/Unlisted at index \[0\]/g)).toHaveLength(1);
    expect(output).not.toMatch(/\n\s+at |InstanceLoader/);
  });

  it('with an error in a team’s code: it prints where it was thrown', async () => {
    const { output, code } = await refusal(withExtraTool('falling'));
    expect(code).toBe(1);
    expect(output).toMatch(/^TypeError: it fell\n\s+at new FallingTool \(/);
    expect(output.match(/it fell/g)).toHaveLength(1);
    expect(output).toMatch(/\nbecause of Error: a stone\n$/);
    expect(output).not.toContain('canary');
  });

  it('without a database: it logs each attempt at once, and then the failure', async () => {
    const server = await ServerProcess.spawn({
      NODE_ENV: 'development',
      ...withExtraTool('unreachable'),
    });
    await server.until(() => server.output.includes('attempt 1'));
    expect(server.events('server.started')).toEqual([]);
    server.signal('SIGUSR2');
    expect(await server.exited).toBe(1);
    expect(server.output).toMatch(/attempt 1[^]*attempt 2/);
    expect(server.output.match(/the database is away/g)).toHaveLength(1);
  });

  it('on a Node that is too old', async () => {
    const { engines } = JSON.parse(readFileSync('package.json', 'utf8')) as { engines: { node: string } };
    const older = `Object.defineProperty(process.versions,'node',{value:'22.11.0'})`;
    const { output, code } = await refusal({
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(older)}`,
    });
    expect([output, code]).toEqual([
      `This server needs Node ${engines.node.replace('>=', '')} or later; this is Node 22.11.0\n`,
      1,
    ]);
  });

  it('on a port that is taken, also when a tool already holds a timer', async () => {
    const first = await ServerProcess.start();
    const { output, code } = await refusal({ PORT: new URL(first.url).port, ...withExtraTool('holding') });
    await first.stop();
    expect(code).toBe(1);
    expect(output).toMatch(
      /^  PORT is taken by another process \(EADDRINUSE\)\n      for example: PORT=\d+$/m,
    );
    expect(output).not.toMatch(/canary|\n\s+at /);
  });

  it('on an address that is not this machine’s', async () => {
    const { output, code } = await refusal({ HOST: '203.0.113.9' });
    expect(code).toBe(1);
    expect(output).toMatch(/^  HOST is no address of this machine \(EADDRNOTAVAIL\)$/m);
  });
});
