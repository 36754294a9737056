/** The path of the server's RFC 9728 documents; one for each endpoint hangs below it (§3.1). */
export const PROTECTED_RESOURCE_PATH = '/.well-known/oauth-protected-resource';

/** The endpoint whose RFC 9728 document describes `path`: `/sse`, `/mcp`, or the root's, which is ''. */
export function resourceOf(path: string): '' | '/mcp' | '/sse' {
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
