/** The application with what the suite expects, on a free port; tells its parent where. */
import { type DynamicModule, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from '../../../src/app.module.js';
import { setUp, shutDown } from '../../../src/app.setup.js';
import { loadSettings } from '../../../src/config/index.js';
import { BoundedExpressAdapter } from '../../../src/http/index.js';
import { ConformanceModule } from './conformance.module.ts';

@Module({})
class RootModule {}

const settings = loadSettings(process.env, { directory: process.cwd() });
const root: DynamicModule = {
  module: RootModule,
  imports: [AppModule.forRoot(settings), ConformanceModule],
};
const app = await NestFactory.create<NestExpressApplication>(root, new BoundedExpressAdapter(), {
  abortOnError: false,
  bodyParser: false,
  bufferLogs: true,
});
setUp(app, settings);
await app.listen(0, '127.0.0.1');
process.once('SIGTERM', () => void shutDown(app, settings.sessions.shutdownGraceMs));
process.send?.(app.getHttpServer().address());
process.disconnect?.();
