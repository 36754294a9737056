import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, importJWK, type JWK, type JWTHeaderParameters, SignJWT } from 'jose';
import { type Adapter, type Configuration, Provider } from 'oidc-provider';
import { CLIENT_SECRET } from '../canary/canaries.js';
import type { Parts } from './forge.js';
import { CALLBACK, PERSONAL_CLIENT } from './person.js';

/** Provider servers that a failed test may have left listening. */
const servers = new Set<Server>();
afterAll(() => servers.forEach((server) => server.close().closeAllConnections()));

export const SCOPES = 'mcp:access mcp:admin vault:open';

/** A program that gets tokens from it, without a user. */
export const CLIENT = { client_id: 'robot', client_secret: CLIENT_SECRET };

/** Stores nothing, since its tokens are JWTs. */
class ForgetfulAdapter implements Adapter {
  async upsert(): Promise<void> {}
  async find(): Promise<undefined> {}
  async findByUserCode(): Promise<undefined> {}
  async findByUid(): Promise<undefined> {}
  async consume(): Promise<void> {}
  async destroy(): Promise<void> {}
  async revokeByGrantId(): Promise<void> {}
}

/** A signing key as a JWK with its `kid` and `alg`, private part included. */
export async function newKey(alg: 'ES256' | 'RS256', kid: string): Promise<JWK> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  return { ...(await exportJWK(privateKey)), kid, alg, use: 'sig' };
}

export interface WantedToken {
  readonly resource: string;
  readonly scope?: string;
  /** The key to sign with; default: the first. */
  readonly kid?: string;
}

/**
 * A real OpenID provider on 127.0.0.1: `oidc-provider`, which issues JWT access tokens (RFC 9068) to one client by
 * client credentials. It records its requests, and its keys can be changed.
 */
export class IdentityProvider {
  /** The requested paths, in order. */
  readonly asked: string[] = [];
  private handle: ReturnType<Provider['callback']> | undefined;
  private provider: Provider | undefined;
  private server: Server | undefined;
  private port = 0;
  private wanted: string | undefined;

  private constructor(
    private keys: readonly JWK[],
    private readonly hasLogin: boolean,
  ) {}

  /** `hasLogin`: users can log in too, with any name. */
  static async start(keys: readonly JWK[], hasLogin = false): Promise<IdentityProvider> {
    const identityProvider = new IdentityProvider(keys, hasLogin);
    await identityProvider.up();
    identityProvider.publish(keys);
    return identityProvider;
  }

  get issuer(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Number of fetches of its keys. */
  get keyFetches(): number {
    return this.asked.filter((path) => path === '/jwks').length;
  }

  /** Publishes these keys from now on. */
  publish(keys: readonly JWK[]): void {
    this.keys = keys;
    this.provider = new Provider(this.issuer, this.configuration());
    this.handle = this.provider.callback();
  }

  /** An access token, by client credentials with a resource (RFC 8707). */
  async token({ resource, scope = 'mcp:access', kid = this.keys[0]!.kid! }: WantedToken): Promise<string> {
    this.wanted = kid;
    const response = await fetch(`${this.issuer}/token`, {
      method: 'POST',
      headers: {
        Authorization: `Basic ${btoa(`${CLIENT.client_id}:${CLIENT.client_secret}`)}`,
        Connection: 'close',
      },
      body: new URLSearchParams({ grant_type: 'client_credentials', resource, scope }),
    });
    const body = (await response.json()) as { access_token?: string };
    if (body.access_token === undefined) throw new Error(`no token: ${JSON.stringify(body)}`);
    return body.access_token;
  }

  /** An ID token of this provider: for its client, typ JWT. */
  async idToken(claims: Parts = {}): Promise<string> {
    const client = await this.provider!.Client.find(CLIENT.client_id);
    const token = new this.provider!.IdToken({ sub: 'alice' }, { client: client! });
    for (const [name, value] of Object.entries(claims)) token.set(name, value);
    return token.issue({ use: 'idtoken' } as never);
  }

  /** Signs any claims, also invalid ones. */
  async sign(claims: Parts, header: Partial<JWTHeaderParameters> = {}, key = this.keys[0]!): Promise<string> {
    const all = { alg: key.alg!, typ: 'at+jwt', kid: key.kid!, ...header };
    return new SignJWT(claims).setProtectedHeader(all).sign(await importJWK(key, all.alg));
  }

  /** Responds to every request with this status, until its keys are published again. */
  fail(status: number): void {
    this.handle = async (_request, response) => {
      response.statusCode = status;
      response.end();
    };
  }

  /** Listens, on the same port as before. */
  async up(): Promise<void> {
    const server = createServer((request, response) => {
      this.asked.push(request.url!.split('?', 1)[0]!);
      response.setHeader('Connection', 'close');
      void this.handle?.(request, response);
    });
    servers.add(server);
    await new Promise<void>((listening) => server.listen(this.port, '127.0.0.1', listening));
    this.port = (server.address() as AddressInfo).port;
    this.server = server;
  }

  async down(): Promise<void> {
    const server = this.server!;
    servers.delete(server);
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }

  private configuration(): Configuration {
    return {
      ...(this.hasLogin ? { cookies: { keys: ['of the tests'] } } : { adapter: ForgetfulAdapter }),
      jwks: { keys: [...this.keys] as never },
      clients: [
        {
          ...CLIENT,
          grant_types: ['client_credentials'],
          redirect_uris: [],
          response_types: [],
          id_token_signed_response_alg: this.keys[0]!.alg as 'ES256',
        },
        {
          client_id: PERSONAL_CLIENT,
          token_endpoint_auth_method: 'none',
          application_type: 'native',
          redirect_uris: [CALLBACK],
          id_token_signed_response_alg: this.keys[0]!.alg as 'ES256',
        },
      ],
      clientDefaults: { id_token_signed_response_alg: this.keys[0]!.alg as 'ES256' },
      enabledJWA: { idTokenSigningAlgValues: ['ES256', 'RS256'] },
      scopes: SCOPES.split(' '),
      findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
      ttl: {
        AccessToken: 3600,
        ClientCredentials: 3 * 3600,
        Grant: 3600,
        IdToken: 3600,
        Interaction: 3600,
        Session: 3600,
      },
      features: {
        devInteractions: { enabled: this.hasLogin },
        clientCredentials: { enabled: true },
        resourceIndicators: {
          enabled: true,
          getResourceServerInfo: (_context, resource) => ({
            scope: SCOPES,
            audience: resource,
            accessTokenFormat: 'jwt' as const,
            accessTokenTTL: 3 * 3600,
            jwt: { sign: this.signing() },
          }),
        },
      },
    };
  }

  private signing(): { readonly alg: 'ES256'; readonly kid: string } {
    const key = this.keys.find(({ kid }) => kid === this.wanted) ?? this.keys[0]!;
    return { alg: key.alg as 'ES256', kid: key.kid! };
  }
}
