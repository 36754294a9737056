import { Controller, Get, Header, Res } from '@nestjs/common';
import type { Response } from 'express';
import { Readiness } from './readiness.js';

/**
 * Probes for orchestrators: liveness and readiness. The responses are written here, so that no interceptor of the
 * application wraps them.
 */
@Controller('health')
export class HealthController {
  constructor(private readonly readiness: Readiness) {}

  @Get('live')
  @Header('Cache-Control', 'no-store')
  live(@Res() response: Response): void {
    answer(response, 200, { status: 'ok' });
  }

  @Get('ready')
  @Header('Cache-Control', 'no-store')
  ready(@Res() response: Response): void {
    const { obstacles: reasons, outage: backplane } = this.readiness;
    if (reasons.length > 0) answer(response, 503, { status: 'unavailable', reasons });
    else answer(response, 200, { status: 'ok', backplane });
  }
}

function answer(response: Response, status: number, body: object): void {
  response.status(status).setHeader('Content-Type', 'application/json; charset=utf-8');
  response.end(JSON.stringify(body));
}
