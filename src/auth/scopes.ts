export { ACCESS_SCOPE } from '../config/index.js';

/** Required for revoking other users' tokens and for administering sessions. */
export const ADMIN_SCOPE = 'mcp:admin';
