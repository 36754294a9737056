import { SetMetadata } from '@nestjs/common';

export const REQUIRED_SCOPES_METADATA = 'auth:required-scopes';

/**
 * The scopes that a route, or every route of a controller, requires instead of `mcp:access`. Without arguments, any
 * valid token is enough. A token that lacks one gets 403 `insufficient_scope` (RFC 6750 §3.1), which names all of them.
 */
export const RequireScopes = (...scopes: string[]) => SetMetadata(REQUIRED_SCOPES_METADATA, scopes);
