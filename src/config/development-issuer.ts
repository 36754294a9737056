/**
 * `iss` of the development token route's tokens. `JWT_ISSUER` may not have this value, so that production does not
 * trust such a token even when it shares the key.
 */
export const DEVELOPMENT_ISSUER = 'urn:mcp-server:development';
