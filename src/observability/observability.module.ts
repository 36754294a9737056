import { Global, Module } from '@nestjs/common';
import { LoggerModule } from 'nestjs-pino';
import { LOG_SETTINGS } from '../config/index.js';
import { AppLogger } from './app.logger.js';
import { HealthController } from './health.controller.js';
import { logParams } from './log.options.js';
import { Readiness } from './readiness.js';

/** Logs and health. Global, so that a team's modules find {@link Readiness}. */
@Global()
@Module({
  imports: [LoggerModule.forRootAsync({ inject: [LOG_SETTINGS], useFactory: logParams })],
  controllers: [HealthController],
  providers: [AppLogger, Readiness],
  exports: [AppLogger, Readiness],
})
export class ObservabilityModule {}
