export { AuthModule } from './auth.module.js';
export type { AuthenticatedRequest, Caller, Principal } from './caller.js';
export { JwtAuthGuard } from './jwt-auth.guard.js';
export { Public } from './public.decorator.js';
export { RequireScopes } from './require-scopes.decorator.js';
export { ACCESS_SCOPE, ADMIN_SCOPE } from './scopes.js';
export { TokenError, type TokenErrorCode } from './tokens/token.error.js';
export { TokenIssuer, type IssuedToken, type TokenRequest } from './tokens/token.issuer.js';
