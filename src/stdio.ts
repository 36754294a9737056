import { syncBuiltinESMExports } from 'node:module';
import { runProcess } from './bootstrap/run-process.js';

const { stdin: input, stdout: output } = process;
// The protocol uses standard output. Text that a tool or a library writes to it goes to standard error instead.
Object.defineProperty(process, 'stdout', { configurable: true, enumerable: true, get: () => process.stderr });
syncBuiltinESMExports();

await runProcess(async () => {
  const { startStdioServer } = await import('./bootstrap/stdio-server.js');
  return startStdioServer(input, output);
});
