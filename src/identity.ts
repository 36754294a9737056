import { readFileSync } from 'node:fs';
import type { Identity } from './config/index.js';

const { name, version } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
) as Pick<Identity, 'name' | 'version'>;

/**
 * The identity that this server sends to clients. Name and version are those of package.json; `instructions` may be
 * added here.
 */
export const SERVER_IDENTITY: Identity = { name, version, title: 'NestJS MCP server' };
