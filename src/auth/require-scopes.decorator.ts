import { SetMetadata } from '@nestjs/common';

export const REQUIRED_SCOPES_METADATA = 'auth:required-scopes';

/**
 * Names all the scopes that a route, or every route of a controller, demands, in place of `mcp:access`.
 * With none, any valid token opens it. A token that lacks one is answered 403 `insufficient_scope`
 * (RFC 6750 §3.1), and the answer names all of them.
 */
export const RequireScopes = (...scopes: string[]) => SetMetadata(REQUIRED_SCOPES_METADATA, scopes);
