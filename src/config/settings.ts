import type { SettingProblem } from './configuration.error.js';
import type { RateLimit } from './rate-limit.js';

/** Which defaults and which refusals hold. `NODE_ENV=test` counts as development, unset as production. */
export type Environment = 'development' | 'production';

/** Where the server listens, how clients reach it, and whom it listens to. */
export interface HttpSettings {
  /** Address or name that the listener binds to. */
  readonly host: string;
  /** TCP port; 0 (development only) lets the system choose. */
  readonly port: number;
  /** Origin and path under which clients reach the server, without a trailing slash. */
  readonly publicUrl: string;
  /**
   * Host headers that are accepted beside that of the public URL: lower-case `host` or `host:port`, compared exactly.
   * `'loopback'` accepts the loopback names and addresses with any port.
   */
  readonly allowedHosts: readonly string[] | 'loopback';
  /**
   * Origin headers that are accepted, compared exactly; an empty list accepts none.
   * `'loopback'` accepts the loopback names and addresses with any port, and the origin of the public URL.
   */
  readonly allowedOrigins: readonly string[] | 'loopback';
  /** IP addresses and CIDR ranges whose `X-Forwarded-*` headers count. */
  readonly trustedProxies: readonly string[];
  /** Largest request body, in bytes. */
  readonly maxBodyBytes: number;
  /** Connections that may be open at a time. */
  readonly maxConnections: number;
  /** The same of one address that is no trusted proxy. */
  readonly maxConnectionsPerAddress: number;
}

/**
 * Which claims say what, each by one name or several. A name may be a path, such as `realm_access.roles`.
 * Of several, the first that a token has counts; the roles of all of them do.
 */
export interface ClaimNames {
  readonly subject: readonly string[];
  readonly scopes: readonly string[];
  readonly roles: readonly string[];
  readonly clientId: readonly string[];
  readonly jti: readonly string[];
}

/** An identity provider whose access tokens are accepted. */
export interface ExternalIssuer {
  /** `iss` to the letter: an https URL, or an http one of a loopback host. */
  readonly issuer: string;
  /** Where its keys are; undefined: its metadata document says so (OpenID Discovery, RFC 8414). */
  readonly jwksUri: string | undefined;
  /** `aud` must hold one of these. */
  readonly audiences: readonly string[];
  /** Asymmetric ones only. */
  readonly algorithms: readonly string[];
  /** What the header `typ` may be; the empty text stands for none. */
  readonly types: readonly string[];
  readonly claims: ClaimNames;
  /** How far its clock may be off, for `exp`, `nbf` and `iat`. */
  readonly clockToleranceSeconds: number;
  /** What its tokens may carry at most, also by roles; undefined: whatever they say. */
  readonly scopes: readonly string[] | undefined;
  /** Whose tokens its administrators may revoke: those of this issuer, or those of every issuer. */
  readonly administers: 'own' | 'all';
}

/** What tokens must look like, and what they grant. */
export interface AuthSettings {
  /** The same as {@link HttpSettings.publicUrl}: tokens are made for it. */
  readonly publicUrl: string;
  /** HS256 key, in production at least 32 bytes. Never log it. Undefined: no HS256 token is accepted or made. */
  readonly secret: string | undefined;
  /** `iss` that HS256 tokens must carry; never {@link DEVELOPMENT_ISSUER}. */
  readonly issuer: string;
  /** `aud` that HS256 tokens must carry. */
  readonly audience: string;
  /** How far the clock of HS256 tokens may be off, for `exp`, `nbf` and `iat`. */
  readonly clockToleranceSeconds: number;
  /** Longest accepted `exp` − `iat`, in seconds. */
  readonly maxLifetimeSeconds: number;
  /** The identity providers, beside whoever has the secret. */
  readonly externalIssuers: readonly ExternalIssuer[];
  /** Scopes that each role grants. It has no prototype, so a role called `constructor` finds nothing. */
  readonly roleScopes: Readonly<Record<string, readonly string[]>>;
  /** Whether the development token route exists; never in production, never off loopback. */
  readonly developmentTokens: boolean;
  /** The scopes that the development token route may give. */
  readonly developmentScopes: readonly string[] | 'any';
}

/** How long sessions live and how many there may be. All times in milliseconds. */
export interface SessionSettings {
  /** Life of a session that has no stream open and is not used. */
  readonly idleMs: number;
  /** Life of a session altogether; fits a Node timer, or is endless over stdio. */
  readonly maxMs: number;
  /** Sessions that one user may hold; one more ends the oldest not in use. */
  readonly perPrincipal: number;
  /** Time between two comments on an SSE stream. */
  readonly heartbeatMs: number;
  /** Time after SIGTERM in which a node is not ready, and serves on, before it drains; may be 0. */
  readonly shutdownDelayMs: number;
  /** Time to drain after that; may be 0. */
  readonly shutdownGraceMs: number;
}

/** What the nodes share. */
export interface BackplaneSettings {
  /** Undefined: one node, with its state in memory. Its URL may hold a password: never log it. */
  readonly redis: { readonly url: string; readonly prefix: string } | undefined;
}

/** How often what may happen; undefined: without a limit. */
export interface LimitSettings {
  /** Calls of one principal: what does work, such as `tools/call`. */
  readonly calls: RateLimit | undefined;
  /** Requests from one address whose token is refused. */
  readonly failedAuthentications: RateLimit | undefined;
  /** Calls that one user may have running or waiting at a time. */
  readonly callsInFlight: number;
  /** Bytes that the server holds for one user at a time. */
  readonly bytesInFlight: number;
}

/** Who calls where a host starts the server as a child process: `npm run stdio`. */
export interface StdioSettings {
  /** Scopes of the user who started the process; `mcp:access` is among them. */
  readonly scopes: readonly string[];
}

/** Levels of the logger, loudest last; `silent` writes nothing. */
export const LOG_LEVELS = ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;

/** Ways to write a log line: for eyes, or for machines. */
export const LOG_FORMATS = ['pretty', 'json'] as const;

/** What is logged and how it looks. */
export interface LogSettings {
  readonly level: (typeof LOG_LEVELS)[number];
  readonly format: (typeof LOG_FORMATS)[number];
  /** Over stdio, standard output belongs to the protocol. */
  readonly stream: 'stdout' | 'stderr';
}

/** Where audit records go: nowhere, a standard stream, or a file by its path. */
export interface AuditSettings {
  readonly destination: 'off' | 'stdout' | 'stderr' | { readonly file: string };
  /** Each record is written before its call is answered. */
  readonly sync: boolean;
}

/** The whole configuration, validated; made by {@link loadSettings} and {@link loadStdioSettings} only. */
export interface Settings {
  readonly environment: Environment;
  /** What production would refuse of settings that development takes. */
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
