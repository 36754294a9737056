export { ACCESS_SCOPE } from '../config/index.js';

/** Opens revocation of other people's tokens, and session administration. */
export const ADMIN_SCOPE = 'mcp:admin';
