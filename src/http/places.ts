import { SERVER_INFO } from './server-info.js';

/** The addresses of this server, as `GET /` names them. */
export interface Places {
  readonly name: string;
  readonly version: string;
  readonly mcp: string;
  readonly sse: string;
  readonly message: string;
  readonly revoke: string;
  readonly resource_metadata: string;
  readonly health: string;
  /** Only where the development token route is open. */
  readonly token?: string;
}

export function placesOf(publicUrl: string, developmentTokens: boolean): Places {
  const { origin, pathname } = new URL(publicUrl);
  return {
    name: SERVER_INFO.name,
    version: SERVER_INFO.version,
    mcp: `${publicUrl}/mcp`,
    sse: `${publicUrl}/sse`,
    message: `${publicUrl}/message`,
    revoke: `${publicUrl}/auth/revoke`,
    resource_metadata: `${origin}/.well-known/oauth-protected-resource${pathname.replace(/\/$/, '')}`,
    health: `${publicUrl}/health/ready`,
    ...(developmentTokens ? { token: `${publicUrl}/auth/token?username=you&scope=mcp:access` } : {}),
  };
}
