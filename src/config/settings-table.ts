import * as network from './network-formats.js';
import { NODE_SETTINGS } from './node-settings.js';
import { issuers, LONGEST_TOLERANCE } from './issuer-formats.js';
import { SESSION_SETTINGS_TABLE } from './session-settings.js';
import { REQUIRED, requiredWithout, same, described, type Setting } from './setting.js';
import { LOG_FORMATS, LOG_LEVELS } from './settings.js';
import * as tokens from './token-formats.js';
import {
  auditDestination,
  byteSize,
  duration,
  flag,
  onOff,
  list,
  oneOf,
  rateLimit,
  wholeNumber,
} from './value-formats.js';

/** Every setting, in the order of the guide. */
export const SETTINGS_TABLE = {
  NODE_ENV: {
    description: 'development, production or test (counts as development); not read from .env.',
    schema: oneOf(['development', 'production', 'test']),
    defaults: { development: described('set by npm start'), production: 'production' },
    example: 'production',
  },
  HOST: {
    description: 'Address or name that the server listens on.',
    schema: network.listenHost,
    defaults: { development: '127.0.0.1', production: '0.0.0.0' },
    example: '127.0.0.1',
  },
  PORT: {
    description: 'TCP port to listen on; 0, in development only, takes any free one.',
    schema: wholeNumber(0, 65_535),
    inProduction: wholeNumber(1, 65_535),
    defaults: same('3001'),
    example: '3001',
  },
  PUBLIC_URL: {
    description: 'Where clients reach the server; https in production (http only for a loopback host).',
    schema: network.publicUrl,
    inProduction: network.productionPublicUrl,
    defaults: { development: described('http://localhost:<PORT>'), production: REQUIRED },
    example: 'https://mcp.example.com',
  },
  ALLOWED_HOSTS: {
    description:
      'Host headers that are accepted besides that of PUBLIC_URL, exactly: host or host:port, comma-separated.',
    schema: list(network.allowedHost),
    defaults: { development: described('loopback names'), production: described('host of PUBLIC_URL') },
    example: 'mcp.example.com',
  },
  ALLOWED_ORIGINS: {
    description: 'Origin headers that are accepted, exactly: scheme://host[:port], comma-separated.',
    schema: list(network.allowedOrigin),
    defaults: { development: described('loopback names'), production: described('none') },
    example: 'https://app.example.com',
  },
  CORS_METHODS: {
    description: 'Methods that browsers may use besides GET, POST and DELETE, comma-separated.',
    schema: list(network.method),
    defaults: same(described('none')),
    example: 'PUT,PATCH',
  },
  CORS_HEADERS: {
    description: 'Request headers that browsers may send besides those of MCP, comma-separated.',
    schema: list(network.headerName),
    defaults: same(described('none')),
    example: 'X-Request-Id',
  },
  CORS_EXPOSED_HEADERS: {
    description: 'Response headers that browsers may read besides those of MCP, comma-separated.',
    schema: list(network.headerName),
    defaults: same(described('none')),
    example: 'X-Total-Count',
  },
  TRUSTED_PROXIES: {
    description: 'IP addresses and CIDR ranges whose X-Forwarded-* headers count, comma-separated.',
    schema: list(network.trustedProxy),
    defaults: same(described('none')),
    example: '10.0.0.0/8',
  },
  JWT_SECRET: {
    description: 'Key of HS256 tokens, at least 32 bytes; make one with: openssl rand -base64 48',
    schema: tokens.jwtSecret,
    inProduction: tokens.productionJwtSecret,
    defaults: {
      development: described('made at first start, kept in .dev-jwt-secret'),
      production: requiredWithout('JWT_SECRET_FILE', 'AUTH_ISSUERS'),
    },
    example: tokens.EXAMPLE_SECRET,
  },
  JWT_SECRET_FILE: {
    description: 'File that contains the key, instead of JWT_SECRET; a line break at its end is ignored.',
    schema: tokens.secretFile,
    defaults: same(described('none')),
    example: '/run/secrets/jwt',
  },
  JWT_CLOCK_TOLERANCE: {
    description: 'How far the clock of a token may be off: exp, nbf and iat of HS256 tokens.',
    schema: duration('0s', LONGEST_TOLERANCE),
    defaults: same('5s'),
    example: '5s',
  },
  JWT_ISSUER: {
    description: 'Issuer (iss) that HS256 tokens must carry.',
    schema: tokens.issuer,
    defaults: same(described('PUBLIC_URL')),
    example: 'https://login.example.com',
  },
  JWT_AUDIENCE: {
    description: 'Audience (aud) that HS256 tokens must carry.',
    schema: tokens.audience,
    defaults: same(described('PUBLIC_URL')),
    example: 'https://mcp.example.com',
  },
  JWT_MAX_LIFETIME: {
    description: 'Longest lifetime (exp - iat) of a token; a longer one is refused.',
    schema: duration('1s', '366d'),
    defaults: same('30d'),
    example: '30d',
  },
  JWT_CLAIMS: {
    description: 'Further claims of HS256 tokens that tools may read, comma-separated: context.user.claims.',
    schema: tokens.extraClaims,
    defaults: same(described('none')),
    example: 'tenant,email',
  },
  AUTH_ISSUERS: {
    description: 'Identity providers whose tokens are accepted, as a JSON list; see identity-providers.md.',
    schema: issuers,
    defaults: same(described('none')),
    example: '[{"issuer":"https://id.example.com/realms/main","preset":"keycloak"}]',
  },
  AUTH_ROLE_SCOPES: {
    description: 'Scopes that each role of a token grants, as a JSON object.',
    schema: tokens.roleScopes,
    defaults: same(described('none')),
    example: '{"operator":["mcp:access","mcp:admin"]}',
  },
  AUTH_DEV_TOKENS: {
    description: 'Whether GET /auth/token issues tokens on this machine; must not be true in production.',
    schema: flag,
    inProduction: flag.refine((on) => !on, 'must not be true in production'),
    defaults: { development: 'true', production: 'false' },
    example: 'false',
  },
  AUTH_DEV_SCOPES: {
    description: 'Scopes that GET /auth/token may grant, comma-separated; * allows any scope.',
    schema: tokens.developmentScopes,
    defaults: same(tokens.ACCESS_SCOPE),
    example: 'mcp:access,orders:read',
  },
  ...SESSION_SETTINGS_TABLE,
  RATE_LIMIT: {
    description: 'Calls that one user may make; tools may have a limit of their own in addition.',
    schema: rateLimit,
    defaults: { development: 'off', production: '600/1m' },
    example: '600/1m',
  },
  RATE_LIMIT_IP: {
    description: 'Failed authentications from one address (IPv6: one /64).',
    schema: rateLimit,
    defaults: { development: 'off', production: '60/1m' },
    example: '60/1m',
  },
  CALLS_IN_FLIGHT: {
    description: 'Calls that one user may have running or waiting at a time.',
    schema: wholeNumber(1, 100_000),
    defaults: same('100'),
    example: '100',
  },
  BYTES_IN_FLIGHT: {
    description: 'Bytes that the server holds for one user at a time; see deploy.md.',
    schema: byteSize('1mb', '16384mb'),
    defaults: same('64mb'),
    example: '64mb',
  },
  CONNECTIONS: {
    description: 'Connections that may be open at a time; further connections get 503.',
    schema: wholeNumber(1, 1_000_000),
    defaults: same('16384'),
    example: '16384',
  },
  CONNECTIONS_PER_ADDRESS: {
    description: 'The same for one address (IPv6: one /64) that is not in TRUSTED_PROXIES.',
    schema: wholeNumber(1, 1_000_000),
    defaults: same('4096'),
    example: '4096',
  },
  MAX_BODY: {
    description: 'Largest request body; kb and mb are multiples of 1024.',
    schema: byteSize('1kb', '64mb'),
    defaults: same('4mb'),
    example: '4mb',
  },
  ...NODE_SETTINGS,
  LOG_LEVEL: {
    description: `Least important level that is logged: ${LOG_LEVELS.join(', ')}.`,
    schema: oneOf(LOG_LEVELS),
    defaults: same('info'),
    example: 'info',
  },
  LOG_FORMAT: {
    description: `How a log line looks: ${LOG_FORMATS.join(' or ')}.`,
    schema: oneOf(LOG_FORMATS),
    defaults: { development: 'pretty', production: 'json' },
    example: 'json',
  },
  STDIO_SCOPES: {
    description: 'Scopes of the user who starts the stdio entry (docs/stdio.md), comma-separated.',
    schema: tokens.localScopes,
    defaults: same(tokens.ACCESS_SCOPE),
    example: 'mcp:access',
  },
  AUDIT_LOG: {
    description: 'Where audit records go: off, stdout, stderr, or the path of a file; see audit.md.',
    schema: auditDestination,
    defaults: { development: 'off', production: 'stdout' },
    example: '/var/log/mcp/audit.jsonl',
  },
  AUDIT_SYNC: {
    description: 'Whether each audit record is written, in a file to the disk, before its call is answered.',
    schema: onOff,
    defaults: same('off'),
    example: 'on',
  },
} as const satisfies Readonly<Record<string, Setting>>;
