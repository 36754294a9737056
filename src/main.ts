import { runProcess } from './bootstrap/run-process.js';

await runProcess(async () => {
  const { startHttpServer } = await import('./bootstrap/http-server.js');
  return startHttpServer();
});
