import { Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { FallbackFilter } from './fallback.filter.js';
import { LandingController } from './landing.controller.js';

/** The landing page, and errors outside the protocol. */
@Module({
  controllers: [LandingController],
  providers: [{ provide: APP_FILTER, useClass: FallbackFilter }],
})
export class HttpModule {}
