import { isScopeList } from '../../config/index.js';
import { parseArgs } from 'node:util';
import { JwtService } from '@nestjs/jwt';
import type { AuthSettings } from '../../config/index.js';
import { ACCESS_SCOPE } from '../scopes.js';
import { jwtOptionsFrom, TokenIssuer } from './token.issuer.js';

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

export const TOKEN_USAGE = `Usage: npm run token -- --sub <subject> [--scope "${ACCESS_SCOPE}"] [--ttl 1h] [--client-id <id>] [--roles a,b] [--claim tenant=acme]…
  --claim one of JWT_CLAIMS
  --ttl   15s, 30m, 12h or 30d; at most JWT_MAX_LIFETIME
With NODE_ENV=development it signs for the server that "npm start" runs in this folder.`;

/**
 * Issues the token that a command line describes, signed as the configured issuer.
 *
 * @throws Error that names the wrong argument.
 */
export async function issueFromArguments(args: readonly string[], settings: AuthSettings): Promise<string> {
  const values = readArguments(args);
  if (values.sub === undefined) throw new Error('--sub is missing');
  if (!isScopeList(values.scope)) throw new Error('--scope must be names with one space between them');
  const issuer = new TokenIssuer(new JwtService(jwtOptionsFrom(settings)), settings);
  const { token } = await issuer.issue({
    subject: values.sub,
    scope: values.scope,
    ttlSeconds: secondsIn(values.ttl),
    clientId: values['client-id'],
    roles: values.roles?.split(',').map((role) => role.trim()),
    claims: claimsIn(values.claim),
  });
  return token;
}

function readArguments(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    strict: true,
    options: {
      sub: { type: 'string' },
      scope: { type: 'string', default: ACCESS_SCOPE },
      ttl: { type: 'string', default: '1h' },
      'client-id': { type: 'string' },
      roles: { type: 'string' },
      claim: { type: 'string', multiple: true, default: [] as string[] },
    },
  }).values;
}

function claimsIn(texts: readonly string[]): Record<string, string> {
  const pairs = texts.map((text) => {
    const at = text.indexOf('=');
    if (at < 1) throw new Error('--claim must be a name and a value, such as tenant=acme');
    return [text.slice(0, at), text.slice(at + 1)];
  });
  return Object.fromEntries(pairs) as Record<string, string>;
}

function secondsIn(text: string): number {
  const [, amount, unit = ''] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  const seconds = Number(amount) * (SECONDS[unit] ?? Number.NaN);
  if (!(seconds > 0)) throw new Error('--ttl must be a duration such as 15s, 30m, 12h or 30d');
  return seconds;
}
