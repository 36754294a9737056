import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import {
  AUTH_SETTINGS,
  type AuthSettings,
  HTTP_SETTINGS,
  type HttpSettings,
  IDENTITY,
  type Identity,
} from '../config/index.js';
import { landingPage, PAGE_HEADERS } from './landing.page.js';
import { endpointsOf } from './endpoints.js';

/** `GET /`: the endpoints, as JSON for programs and as a page for browsers. */
@Controller()
export class LandingController {
  constructor(
    @Inject(IDENTITY) private readonly identity: Identity,
    @Inject(HTTP_SETTINGS) private readonly http: HttpSettings,
    @Inject(AUTH_SETTINGS) private readonly auth: AuthSettings,
  ) {}

  @Get()
  show(@Req() request: Request, @Res() response: Response): void {
    const { publicUrl, port } = this.http;
    const endpoints = endpointsOf(this.identity, publicUrl, this.auth.developmentTokens ? port : undefined);
    response.vary('Accept');
    if (request.accepts(['json', 'html']) !== 'html') response.type('json').end(JSON.stringify(endpoints));
    else response.set(PAGE_HEADERS).type('html').end(landingPage(endpoints, this.identity.title));
  }
}
