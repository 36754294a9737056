import { runProcess } from './bootstrap/run-process.js';

await runProcess(async () => {
  const { addEnvFile } = await import('./config/index.js');
  // Before any module of the application is loaded: decorators read the environment.
  addEnvFile(process.env, process.cwd());
  const { startHttpServer } = await import('./bootstrap/http-server.js');
  return startHttpServer();
});
