import { syncBuiltinESMExports } from 'node:module';
import { runProcess } from './bootstrap/run-process.js';

const { stdin: input, stdout: output } = process;
// Standard output belongs to the protocol. What a tool or a library writes to it would break the conversation: it
// goes to standard error.
Object.defineProperty(process, 'stdout', { configurable: true, enumerable: true, get: () => process.stderr });
syncBuiltinESMExports();

await runProcess(async () => {
  const { startStdioServer } = await import('./bootstrap/stdio-server.js');
  return startStdioServer(input, output);
});
