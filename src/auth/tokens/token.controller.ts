import { Controller, Get, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { sendDocument } from '../json-document.js';
import { Public } from '../public.decorator.js';
import { DevelopmentTokenService } from './development-token.service.js';

@Controller('auth/token')
export class TokenController {
  constructor(private readonly tokens: DevelopmentTokenService) {}

  @Public()
  @Get()
  async issue(@Req() request: Request, @Res() response: Response): Promise<void> {
    const token = await this.tokens.issueFor(request);
    response.setHeader('Cache-Control', 'no-store').setHeader('Pragma', 'no-cache');
    sendDocument(response, token);
  }
}
