/** The application with what the suite expects, on a free port; tells its parent where. */
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
