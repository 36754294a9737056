import { Controller, Get, Header, HttpCode, Res } from '@nestjs/common';
import type { Response } from 'express';
import { Readiness } from './readiness.js';

/** Probes for orchestrators: is the process alive, does it want traffic. */
@Controller('health')
export class HealthController {
  constructor(private readonly readiness: Readiness) {}

  @Get('live')
  @HttpCode(200)
  @Header('Cache-Control', 'no-store')
  live(): { status: 'ok' } {
    return { status: 'ok' };
  }

  @Get('ready')
  @Header('Cache-Control', 'no-store')
  ready(@Res({ passthrough: true }) response: Response): { status: string; reasons?: readonly string[] } {
    const reasons = this.readiness.obstacles;
    if (reasons.length === 0) return { status: 'ok' };
    response.status(503);
    return { status: 'unavailable', reasons };
  }
}
