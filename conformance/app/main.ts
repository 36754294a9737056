/**
 * The application with the primitives that the suite expects, on a free port, which it reports to its parent process.
 */
import { type DynamicModule, Module } from '@nestjs/common';
import { AppModule } from '../../src/app.module.js';
import { closeHttpApp, createHttpApp } from '../../src/bootstrap/http-app.js';
import { loadSettings } from '../../src/config/index.js';
import { ConformanceModule } from './conformance.module.ts';

@Module({})
class RootModule {}

const settings = loadSettings(process.env, { directory: process.cwd() });
const root: DynamicModule = {
  module: RootModule,
  imports: [AppModule.forRoot(settings), ConformanceModule],
};
const app = await createHttpApp(settings, root);
await app.listen(0, '127.0.0.1');
process.once('SIGTERM', () => void closeHttpApp(app, settings.sessions.shutdownGraceMs));
process.send?.(app.getHttpServer().address());
process.disconnect?.();
