import { Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { LandingController } from './landing.controller.js';
import { ProblemFilter } from './problem.filter.js';

/** The landing page, and errors outside the protocol. */
@Module({
  controllers: [LandingController],
  providers: [{ provide: APP_FILTER, useClass: ProblemFilter }],
})
export class HttpModule {}
