import { readFileSync } from 'node:fs';

interface PackageDescription {
  readonly name: string;
  readonly version: string;
}

const description = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as PackageDescription;

/** Name and version of the package, as sent to clients. */
export const SERVER_INFO = {
  name: description.name,
  title: 'NestJS MCP server',
  version: description.version,
} as const;
