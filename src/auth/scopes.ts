/** Opens the server: what the guard demands where a route says nothing else. */
export const ACCESS_SCOPE = 'mcp:access';

/** Opens revocation of other people's tokens, and session administration. */
export const ADMIN_SCOPE = 'mcp:admin';
