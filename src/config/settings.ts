import type { SettingProblem } from './configuration.error.js';
import type { RateLimit } from './rate-limit.js';

/** Selects defaults and checks. `NODE_ENV=test` counts as development, unset as production. */
export type Environment = 'development' | 'production';

/** Where the server listens, how clients reach it, and which requests it accepts. */
export interface HttpSettings {
  /** Address or name that the listener binds to. */
  readonly host: string;
  /** TCP port; 0 (development only) lets the system choose. */
  readonly port: number;
  /** Origin and path under which clients reach the server, without a trailing slash. */
  readonly publicUrl: string;
  /**
   * Accepted Host headers beside that of the public URL: lower-case `host` or `host:port`, compared exactly.
   * `'loopback'` accepts the loopback names and addresses with any port.
   */
  readonly allowedHosts: readonly string[] | 'loopback';
  /**
   * Accepted Origin headers, compared exactly; an empty list accepts none. `'loopback'` accepts the loopback names and
   * addresses with any port, and the origin of the public URL.
   */
  readonly allowedOrigins: readonly string[] | 'loopback';
  /** Methods, request headers and readable response headers that browsers may use beside MCP's own. */
  readonly cors: {
    readonly methods: readonly string[];
    readonly headers: readonly string[];
    readonly exposedHeaders: readonly string[];
  };
  /** IP addresses and CIDR ranges whose `X-Forwarded-*` headers are trusted. */
  readonly trustedProxies: readonly string[];
  /** Largest request body, in bytes. */
  readonly maxBodyBytes: number;
  /** Maximum of open connections. */
  readonly maxConnections: number;
  /** Maximum of open connections from one address that is no trusted proxy. */
  readonly maxConnectionsPerAddress: number;
}

/**
 * The claims to read, each by one name or several. A name may be a path, such as `realm_access.roles`. Of several, the
 * first that a token has is read; roles are read from all of them.
 */
export interface ClaimNames {
  readonly subject: readonly string[];
  readonly scopes: readonly string[];
  readonly roles: readonly string[];
  readonly clientId: readonly string[];
  readonly jti: readonly string[];
  /** Further claims that tools may read, each as it is. */
  readonly extra: readonly string[];
}

/** An identity provider whose access tokens are accepted. */
export interface ExternalIssuer {
  /** Compared exactly with `iss`: an https URL, or an http one of a loopback host. */
  readonly issuer: string;
  /** URL of its keys; undefined: taken from its metadata (OpenID Discovery, RFC 8414). */
  readonly jwksUri: string | undefined;
  /** `aud` must contain one of these. */
  readonly audiences: readonly string[];
  /** Asymmetric ones only. */
  readonly algorithms: readonly string[];
  /** Accepted values of the header `typ`; the empty text stands for a missing one. */
  readonly types: readonly string[];
  readonly claims: ClaimNames;
  /** Accepted clock difference, for `exp`, `nbf` and `iat`. */
  readonly clockToleranceSeconds: number;
  /** The maximum scopes of its tokens, also by roles; undefined: no maximum. */
  readonly scopes: readonly string[] | undefined;
  /** The tokens that its administrators may revoke: those of this issuer, or of every issuer. */
  readonly administers: 'own' | 'all';
}

/** Requirements on tokens, and what they grant. */
export interface AuthSettings {
  /** Same as {@link HttpSettings.publicUrl}. */
  readonly publicUrl: string;
  /** HS256 key, in production at least 32 bytes. Never log it. Undefined: no HS256 token is accepted or issued. */
  readonly secret: string | undefined;
  /** Required `iss` of HS256 tokens; never {@link DEVELOPMENT_ISSUER}. */
  readonly issuer: string;
  /** Required `aud` of HS256 tokens. */
  readonly audience: string;
  /** Accepted clock difference of HS256 tokens, for `exp`, `nbf` and `iat`. */
  readonly clockToleranceSeconds: number;
  /** Longest accepted `exp` − `iat`, in seconds. */
  readonly maxLifetimeSeconds: number;
  /** The identity providers, beside the holders of the secret. */
  readonly externalIssuers: readonly ExternalIssuer[];
  /** Further claims of HS256 tokens that tools may read. */
  readonly extraClaims: readonly string[];
  /** Scopes that each role grants. It has no prototype, so that a role named `constructor` grants nothing. */
  readonly roleScopes: Readonly<Record<string, readonly string[]>>;
  /** Whether the development token route exists; never in production or off loopback. */
  readonly developmentTokens: boolean;
  /** The scopes that the development token route may issue. */
  readonly developmentScopes: readonly string[] | 'any';
}

/** Lifetimes and maximum number of sessions. All times in milliseconds. */
export interface SessionSettings {
  /** Lifetime of a session without an open stream and without use. */
  readonly idleMs: number;
  /** Maximum lifetime of a session; fits a Node timer, infinite over stdio. */
  readonly maxMs: number;
  /** Time between two pings on an open stream; undefined: none. */
  readonly pingMs: number | undefined;
  /** Maximum sessions of one user; one more ends the oldest that is not in use. */
  readonly perPrincipal: number;
  /** Interval of comments on an SSE stream. */
  readonly heartbeatMs: number;
  /** Time after SIGTERM in which a node is not ready but still serves, before it drains; may be 0. */
  readonly shutdownDelayMs: number;
  /** Time to drain after that; may be 0. */
  readonly shutdownGraceMs: number;
}

/** What the nodes share. */
export interface BackplaneSettings {
  /** Undefined: one node, with its state in memory. Its URL may hold a password: never log it. */
  readonly redis: { readonly url: string; readonly prefix: string } | undefined;
}

/** Rates and amounts; undefined: no limit. */
export interface LimitSettings {
  /** Calls (such as `tools/call`) of one principal. */
  readonly calls: RateLimit | undefined;
  /** Refused tokens from one address. */
  readonly failedAuthentications: RateLimit | undefined;
  /** Calls of one user that may run or wait at a time. */
  readonly callsInFlight: number;
  /** Bytes that the server may hold for one user at a time. */
  readonly bytesInFlight: number;
}

/** The caller where a host starts the server as a child process: `npm run stdio`. */
export interface StdioSettings {
  /** Scopes of the user who started the process; includes `mcp:access`. */
  readonly scopes: readonly string[];
}

/** Log levels, most verbose last; `silent` writes nothing. */
export const LOG_LEVELS = ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;

/** Log line formats: for people, or for machines. */
export const LOG_FORMATS = ['pretty', 'json'] as const;

/** What is logged and how it looks. */
export interface LogSettings {
  readonly level: (typeof LOG_LEVELS)[number];
  readonly format: (typeof LOG_FORMATS)[number];
  /** Over stdio the protocol uses standard output. */
  readonly stream: 'stdout' | 'stderr';
}

/** Destination of audit records: none, a standard stream, or a file path. */
export interface AuditSettings {
  readonly destination: 'off' | 'stdout' | 'stderr' | { readonly file: string };
  /** Each record is written before its call is answered. */
  readonly sync: boolean;
}

/** The whole configuration, validated; made by {@link loadSettings} and {@link loadStdioSettings} only. */
export interface Settings {
  readonly environment: Environment;
  /** Problems that production would refuse and development accepts. */
  readonly warnings: readonly SettingProblem[];
  readonly http: HttpSettings;
  readonly auth: AuthSettings;
  readonly sessions: SessionSettings;
  readonly limits: LimitSettings;
  readonly stdio: StdioSettings;
  readonly logs: LogSettings;
  readonly audit: AuditSettings;
  readonly backplane: BackplaneSettings;
}
