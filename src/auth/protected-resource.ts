import { basePathOf } from '../config/index.js';

/** The path of the server's RFC 9728 documents; one for each endpoint hangs below it (§3.1). */
export const PROTECTED_RESOURCE_PATH = '/.well-known/oauth-protected-resource';

/** What has a document of its own: the two endpoints, and the server as a whole. */
export const RESOURCES = ['', '/mcp', '/sse'] as const;

export type Resource = (typeof RESOURCES)[number];

/** The endpoint whose RFC 9728 document describes `path`: `/sse`, `/mcp`, or the root's, which is ''. */
export function resourceOf(path: string): Resource {
  switch (/^\/[^/]*/.exec(path)?.[0].toLowerCase()) {
    case '/mcp':
      return '/mcp';
    case '/sse':
    case '/message':
      return '/sse';
    default:
      return '';
  }
}

/** Where clients find a resource's document: between the origin and the path of the resource (§3.1). */
export function metadataUrlOf(publicUrl: string, resource: Resource): string {
  return new URL(publicUrl).origin + PROTECTED_RESOURCE_PATH + basePathOf(publicUrl) + resource;
}

/** The path that a request asks for, without its query. */
export function pathOf({ originalUrl }: { readonly originalUrl: string }): string {
  const end = originalUrl.indexOf('?');
  return end === -1 ? originalUrl : originalUrl.slice(0, end);
}
