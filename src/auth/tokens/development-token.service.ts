import { Inject, Injectable, NotFoundException } from '@nestjs/common';
import type { Request } from 'express';
import { AUTH_SETTINGS, DEVELOPMENT_ISSUER, isLoopbackHost, type AuthSettings } from '../../config/index.js';
import { DecisionLog } from '../decision.log.js';
import { ACCESS_SCOPE } from '../scopes.js';
import { isName } from './caller.factory.js';
import { InvalidRequestException } from './invalid-request.exception.js';
import { isScope } from './scope-syntax.js';
import { TokenIssuer } from './token.issuer.js';

const LIFETIME_SECONDS = 3600;

/** Any of these, or any `X-Forwarded-*`: a proxy on this machine makes every stranger look like loopback. */
const PROXY_HEADERS = new Set([
  'forwarded',
  'via',
  'x-real-ip',
  'x-client-ip',
  'true-client-ip',
  'cf-connecting-ip',
]);

/** A token response (RFC 6749 §5.1), with the token under a second name for people who copy it by hand. */
export interface DevelopmentToken {
  readonly token: string;
  readonly access_token: string;
  readonly token_type: 'Bearer';
  readonly expires_in: number;
  readonly scope: string;
}

/** Hands a token to whoever asks, on the developer's own machine only; elsewhere there is no such route. */
@Injectable()
export class DevelopmentTokenService {
  constructor(
    private readonly issuer: TokenIssuer,
    private readonly decisions: DecisionLog,
    @Inject(AUTH_SETTINGS) private readonly settings: AuthSettings,
  ) {}

  async issueFor(request: Request): Promise<DevelopmentToken> {
    if (!this.isOffered(request)) {
      throw new NotFoundException(`Cannot ${request.method} ${request.originalUrl}`);
    }
    const query = new URLSearchParams(/\?(.*)/s.exec(request.originalUrl)?.[1]);
    const subject = usernameIn(query);
    const { token, tokenId, expiresIn, scope } = await this.issuer.issue({
      subject,
      scope: scopeIn(query),
      ttlSeconds: Math.min(LIFETIME_SECONDS, this.settings.maxLifetimeSeconds),
      issuer: DEVELOPMENT_ISSUER,
    });
    this.decisions.issued(request, { subject, issuer: DEVELOPMENT_ISSUER, tokenId }, scope);
    return { token, access_token: token, token_type: 'Bearer', expires_in: expiresIn, scope };
  }

  private isOffered({ socket, headers }: Request): boolean {
    return (
      this.settings.developmentTokens &&
      isLoopbackHost(socket.remoteAddress ?? '') &&
      isLoopbackHost(socket.localAddress ?? '') &&
      !Object.keys(headers).some((name) => name.startsWith('x-forwarded') || PROXY_HEADERS.has(name))
    );
  }
}

function usernameIn(query: URLSearchParams): string {
  const [username, ...more] = query.getAll('username');
  if (more.length > 0 || !isName(username)) {
    throw new InvalidRequestException('username: give it once, 1 to 256 characters, no control characters');
  }
  return username;
}

function scopeIn(query: URLSearchParams): string {
  const [scope = ACCESS_SCOPE, ...more] = query.getAll('scope');
  if (more.length > 0 || !isScope(scope)) {
    throw new InvalidRequestException('scope: give it at most once, as names with one space between them');
  }
  return scope;
}
