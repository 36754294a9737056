import {
  All,
  Controller,
  Header,
  HttpCode,
  MethodNotAllowedException,
  Post,
  Req,
  Res,
  UseInterceptors,
} from '@nestjs/common';
import type { Response } from 'express';
import type { AuthenticatedRequest } from '../authenticated-request.js';
import { sendDocument } from '../json-document.js';
import { RequireScopes } from '../require-scopes.decorator.js';
import { OAuthBodyInterceptor } from './oauth-body.interceptor.js';
import { RevocationService } from './revocation.service.js';

/** Any valid token may revoke itself; {@link RevocationService} requires more for other targets. RFC 7009. */
@Controller('auth/revoke')
export class RevocationController {
  constructor(private readonly revocations: RevocationService) {}

  @RequireScopes()
  @Post()
  @HttpCode(200)
  @UseInterceptors(OAuthBodyInterceptor)
  @Header('Cache-Control', 'no-store')
  async revoke(@Req() request: AuthenticatedRequest, @Res() response: Response): Promise<void> {
    await this.revocations.revoke(request);
    sendDocument(response, {});
  }

  @RequireScopes()
  @All()
  @Header('Allow', 'POST')
  refuse(): never {
    throw new MethodNotAllowedException();
  }
}
