import { BadRequestException, Inject, Injectable, Logger, NotFoundException } from '@nestjs/common';
import type { Request } from 'express';
import {
  isScopeList,
  AUTH_SETTINGS,
  DEVELOPMENT_ISSUER,
  isLoopbackHost,
  type AuthSettings,
} from '../../config/index.js';
import { AuthLog } from '../auth.log.js';
import { ACCESS_SCOPE } from '../scopes.js';
import { isName } from './principal.factory.js';
import { InvalidRequestException } from './invalid-request.exception.js';
import { peerUserOf } from './peer-process.js';
import { TokenIssuer } from './token.issuer.js';

const LIFETIME_SECONDS = 3600;
/** Prefix of a claim's name in the query. */
const CLAIM = 'claim.';

/** Headers that proxies and tunnels add, in addition to those named below. */
const PROXY_HEADER =
  /^(x-forwarded|x-envoy|x-original-|cf-|cdn-|fastly-|fly-|tailscale-|ngrok-|x-amz-cf-|x-arr-)/;
const PROXY_HEADERS = new Set([
  'forwarded',
  'via',
  'client-ip',
  'true-client-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-proxyuser-ip',
  'x-real-ip',
]);
/** `Sec-Fetch-Site` of a request that no other site's page has made (Fetch Metadata). */
const OWN_SITES: readonly unknown[] = [undefined, 'none', 'same-origin'];

/** Why a request is not considered the developer's own. */
type RemoteSign = 'not_loopback' | 'other_host' | 'forwarded' | 'other_page' | 'other_user';

/** A token response (RFC 6749 §5.1). The token is repeated under a second name, for copying by hand. */
export interface DevelopmentToken {
  readonly token: string;
  readonly access_token: string;
  readonly token_type: 'Bearer';
  readonly expires_in: number;
  readonly scope: string;
}

/**
 * Issues tokens to the developer, on the developer's own machine only; elsewhere the route does not exist. Behind a
 * local proxy every remote client appears as loopback. The service therefore looks for signs of a proxy: the host name,
 * the headers, the HTTP version, and the operating system's user at the other end. It does not recognise a local proxy
 * that the developer runs, that speaks HTTP/1.1 with a loopback name and adds no header. Therefore the route issues
 * only the scopes of `AUTH_DEV_SCOPES`.
 */
@Injectable()
export class DevelopmentTokenService {
  private readonly logger = new Logger('Auth');
  /** Each reason is logged once, so that remote clients cannot fill the log. */
  private readonly logged = new Set<RemoteSign>();

  constructor(
    private readonly issuer: TokenIssuer,
    private readonly decisions: AuthLog,
    @Inject(AUTH_SETTINGS) private readonly settings: AuthSettings,
  ) {}

  async issueFor(request: Request): Promise<DevelopmentToken> {
    if (!(await this.isOffered(request))) {
      throw new NotFoundException(`Cannot ${request.method} ${request.originalUrl}`);
    }
    const query = new URLSearchParams(/\?(.*)/s.exec(request.originalUrl)?.[1]);
    const subject = usernameIn(query);
    const { token, tokenId, expiresIn, scope } = await this.issuer.issue({
      subject,
      scope: this.scopeIn(query),
      ttlSeconds: Math.min(LIFETIME_SECONDS, this.settings.maxLifetimeSeconds),
      issuer: DEVELOPMENT_ISSUER,
      claims: this.claimsIn(query),
    });
    this.decisions.issued(request, { subject, issuer: DEVELOPMENT_ISSUER, tokenId }, scope);
    return { token, access_token: token, token_type: 'Bearer', expires_in: expiresIn, scope };
  }

  private async isOffered(request: Request): Promise<boolean> {
    if (!this.settings.developmentTokens) return false;
    const sign = remoteSignIn(request) ?? (await remoteUserIn(request));
    if (sign === undefined) return true;
    if (!this.logged.has(sign)) this.logger.warn({ event: 'auth.token_route_hidden', reason: sign });
    this.logged.add(sign);
    return false;
  }

  /** The claims of `JWT_CLAIMS` in the query, such as `claim.tenant=acme`. */
  private claimsIn(query: URLSearchParams): Record<string, string> {
    const claims: Record<string, string> = {};
    for (const [parameter, value] of query) {
      if (!parameter.startsWith(CLAIM)) continue;
      const name = parameter.slice(CLAIM.length);
      if (!this.settings.extraClaims.includes(name)) {
        throw new InvalidRequestException('claim: give claims of JWT_CLAIMS only, such as claim.tenant=acme');
      }
      claims[name] = value;
    }
    return claims;
  }

  private scopeIn(query: URLSearchParams): string {
    const [scope = ACCESS_SCOPE, ...more] = query.getAll('scope');
    if (more.length > 0 || !isScopeList(scope)) {
      throw new InvalidRequestException('scope: give it at most once, as names with one space between them');
    }
    const { developmentScopes } = this.settings;
    const isGiven = (name: string): boolean =>
      developmentScopes === 'any' || developmentScopes.includes(name);
    if (scope.split(' ').every(isGiven)) return scope;
    throw new BadRequestException({
      error: 'invalid_scope',
      error_description: 'This route gives the scopes of AUTH_DEV_SCOPES only',
    });
  }
}

function remoteSignIn({ socket, headers, httpVersion }: Request): RemoteSign | undefined {
  const { remoteAddress = '', localAddress = '', localPort } = socket;
  if (!isLoopbackHost(remoteAddress) || !isLoopbackHost(localAddress)) return 'not_loopback';
  const host = URL.parse(`http://${headers.host ?? ''}`);
  if (host === null || !isLoopbackHost(host.hostname) || Number(host.port || 80) !== localPort) {
    return 'other_host';
  }
  // The version that nginx uses to its upstream by default.
  if (httpVersion !== '1.1') return 'forwarded';
  if (Object.keys(headers).some((name) => PROXY_HEADER.test(name) || PROXY_HEADERS.has(name))) {
    return 'forwarded';
  }
  const { origin } = headers;
  if (origin !== undefined && origin !== host.origin) return 'other_page';
  return OWN_SITES.includes(headers['sec-fetch-site']) ? undefined : 'other_page';
}

async function remoteUserIn({ socket }: Request): Promise<RemoteSign | undefined> {
  return (await peerUserOf(socket)) === 'other' ? 'other_user' : undefined;
}

function usernameIn(query: URLSearchParams): string {
  const [username, ...more] = query.getAll('username');
  if (more.length > 0 || !isName(username)) {
    throw new InvalidRequestException('username: give it once, 1 to 256 characters, no control characters');
  }
  return username;
}
