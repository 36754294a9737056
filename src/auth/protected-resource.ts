import { basePathOf } from '../config/index.js';

/** The path of the server's RFC 9728 documents; those of the endpoints are below it (§3.1). */
export const PROTECTED_RESOURCE_PATH = '/.well-known/oauth-protected-resource';

/** Resources with a document of their own: the two endpoints, and the server as a whole. */
export const RESOURCES = ['', '/mcp', '/sse'] as const;

export type Resource = (typeof RESOURCES)[number];

/** The resource whose RFC 9728 document describes a request target: `/sse`, `/mcp`, or '' for the server. */
export function resourceOf(path: string): Resource {
  switch (/^\/[^/?]*/.exec(path)?.[0].toLowerCase()) {
    case '/mcp':
      return '/mcp';
    case '/sse':
    case '/message':
      return '/sse';
    default:
      return '';
  }
}

/** The URL of a resource's document: the well-known path stands between origin and path of the resource (§3.1). */
export function metadataUrlOf(publicUrl: string, resource: Resource): string {
  return new URL(publicUrl).origin + PROTECTED_RESOURCE_PATH + basePathOf(publicUrl) + resource;
}

/** The path of a request, without its query. */
export function pathOf({ originalUrl }: { readonly originalUrl: string }): string {
  const end = originalUrl.indexOf('?');
  return end === -1 ? originalUrl : originalUrl.slice(0, end);
}
