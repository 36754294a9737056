/**
 * `iss` of the tokens that the development token route hands out. `JWT_ISSUER` may never be this value,
 * so that production does not trust such a token even when it shares the key.
 */
export const DEVELOPMENT_ISSUER = 'urn:mcp-server:development';
