import { readFileSync } from 'node:fs';

interface PackageDescription {
  readonly name: string;
  readonly version: string;
}

const description = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as PackageDescription;

/** How this server introduces itself: name and version of its package. */
export const SERVER_INFO = {
  name: description.name,
  title: 'NestJS MCP server',
  version: description.version,
} as const;
