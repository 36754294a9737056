import { basePathOf, type Identity, isLoopbackHost } from '../config/index.js';

/** The URLs of this server, as `GET /` returns them. */
export interface Endpoints {
  readonly name: string;
  readonly version: string;
  readonly mcp: string;
  readonly sse: string;
  readonly message: string;
  readonly revoke: string;
  readonly resource_metadata: string;
  readonly health: string;
  /** Only where the development token route exists. */
  readonly token?: string;
}

/** `tokenPort`: the listening port where the development token route exists, which tunnels cannot reach. */
export function endpointsOf(
  { name, version }: Identity,
  publicUrl: string,
  tokenPort: number | undefined,
): Endpoints {
  const { origin, hostname } = new URL(publicUrl);
  const local = isLoopbackHost(hostname) ? publicUrl : `http://localhost:${tokenPort}`;
  return {
    name,
    version,
    mcp: `${publicUrl}/mcp`,
    sse: `${publicUrl}/sse`,
    message: `${publicUrl}/message`,
    revoke: `${publicUrl}/auth/revoke`,
    resource_metadata: `${origin}/.well-known/oauth-protected-resource${basePathOf(publicUrl)}`,
    health: `${publicUrl}/health/ready`,
    ...(tokenPort !== undefined ? { token: `${local}/auth/token?username=you&scope=mcp:access` } : {}),
  };
}
