import { Controller, Get, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { Public } from '../public.decorator.js';
import { DevelopmentTokenService, type DevelopmentToken } from './development-token.service.js';

@Controller('auth/token')
export class TokenController {
  constructor(private readonly tokens: DevelopmentTokenService) {}

  @Public()
  @Get()
  async issue(
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<DevelopmentToken> {
    const token = await this.tokens.issueFor(request);
    response.setHeader('Cache-Control', 'no-store').setHeader('Pragma', 'no-cache');
    return token;
  }
}
